//! `Natural`: the values that knobs without a value of their own have on a target.

/// The properties of a target on which natural values depend.
pub(super) struct Natural {
    pub pulley: bool,
    pub pointer_bits: u8,
}

impl Natural {
    const MIB: u64 = 1 << 20;

    fn is_64_bit(&self) -> bool {
        self.pointer_bits == 64
    }

    /// Returns the address space of a linear memory, in bytes.
    pub fn reservation(&self) -> u64 {
        if self.is_64_bit() { 1 << 32 } else { 10 * Self::MIB }
    }

    /// Returns the size of the guard region after a linear memory, in bytes.
    pub fn guard_size(&self) -> u64 {
        match (self.pulley, self.is_64_bit()) {
            (true, _) => 0,
            (false, true) => 32 * Self::MIB,
            (false, false) => 64 << 10,
        }
    }
}
