//! Who answers a call: Wasmtime, a virtual file or a device.

/// Answers a call by Wasmtime if its descriptor is one of Wasmtime's.
macro_rules! or_real {
    ($self:ident, $fd:ident, |$real:ident| $call:expr) => {
        if let Found::Real($real) = $self.find($fd)? {
            return $call;
        }
    };
}

/// The virtual file of a number that is known to be one's.
macro_rules! open {
    ($self:ident, $fd:ident) => {
        match $self.find($fd)? {
            Found::Virtual(open) => open,
            Found::Real(_) => return Err(Errno::Badf.into()),
        }
    };
}

/// Answers a call for a device.
macro_rules! or_device {
    ($self:ident, $fd:ident, |$device:pat_param| $answer:expr) => {
        if let Some($device) = open!($self, $fd).device() {
            return $answer;
        }
    };
}

pub(super) use {open, or_device, or_real};
