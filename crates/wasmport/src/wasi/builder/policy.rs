//! The policy of a `Wasi`.

use super::{Input, RandomSource, Wasi};
use crate::wasi::network::Protocol;
use crate::wasi::policy::{
    ClockPolicy, FolderPolicy, HttpPolicy, InputPolicy, NetworkPolicy, OutputPolicy, Policy,
    RandomPolicy,
};
use wasmtime_wasi::FsPerms;

impl Wasi {
    /// Returns what a session may do.
    #[must_use]
    pub fn policy(&self) -> Policy {
        let output = |stream: &Option<_>| match stream {
            None => OutputPolicy::Discarded,
            Some(_) => OutputPolicy::Stream,
        };
        Policy {
            args: self.args.clone(),
            env: self.env_names(),
            stdin: match &self.stdin {
                Input::Empty => InputPolicy::Empty,
                Input::Bytes(bytes) => InputPolicy::Bytes(bytes.len()),
                Input::Stream(_) => InputPolicy::Stream,
            },
            stdout: output(&self.stdout),
            stderr: output(&self.stderr),
            folders: self.folder_policies(),
            has_terminal: self.terminal.is_some(),
            #[cfg(feature = "vfs")]
            devices: self.devices.clone(),
            clock: self.clock.as_ref().map_or(ClockPolicy::Real, |clock| clock.policy()),
            random: match &self.random {
                RandomSource::System => RandomPolicy::System,
                RandomSource::Seed(_) => RandomPolicy::Seeded,
                RandomSource::Other(_) => RandomPolicy::Own,
            },
            network: self.network_policy(),
            ip_name_lookup: self.looks_up_names(),
            http: self.http_policy(),
            is_audited: self.audit.is_some(),
        }
    }

    /// Returns the names of the variables that a guest sees.
    fn env_names(&self) -> Vec<String> {
        let set = self.env.iter().map(|(name, _)| name.clone());
        set.chain(self.terminal_env().into_iter().map(|(name, _)| name.to_owned())).collect()
    }

    /// Returns whether names are looked up in the operating system's network.
    fn looks_up_names(&self) -> bool {
        #[cfg(feature = "component-model")]
        if self.network.own.is_some() {
            return false;
        }
        self.network.ip_name_lookup
    }

    fn folder_policies(&self) -> Vec<FolderPolicy> {
        let real = self.folders.iter().map(|folder| FolderPolicy::Real {
            guest: folder.guest.clone(),
            host: folder.host.clone(),
            writes: matches!(folder.perms, FsPerms::ReadWrite),
        });
        #[cfg(feature = "vfs")]
        let real = real.chain(self.files.iter().map(|(guest, mount)| {
            let (is_shared, limits) = match mount {
                super::Mount::Own(files) => (false, files.tree().limits),
                super::Mount::Shared(files) => (true, files.disk().lock().tree.limits),
            };
            FolderPolicy::Virtual { guest: guest.clone(), is_shared, limits }
        }));
        real.collect()
    }

    fn network_policy(&self) -> NetworkPolicy {
        let network = &self.network;
        #[cfg(feature = "component-model")]
        if let Some(own) = &network.own {
            return NetworkPolicy::Own(own.describe());
        }
        let has_rules = |protocol| network.filter.as_ref().is_none_or(|f| f.uses(protocol));
        let tcp = network.tcp && has_rules(Protocol::Tcp);
        let udp = network.udp && has_rules(Protocol::Udp);
        match (&network.check, &network.filter) {
            _ if !tcp && !udp => NetworkPolicy::Denied,
            (None, _) => NetworkPolicy::Denied,
            (Some(_), Some(filter)) => NetworkPolicy::Filter { filter: filter.clone(), tcp, udp },
            (Some(_), None) if network.permits_all => NetworkPolicy::All { tcp, udp },
            (Some(_), None) => NetworkPolicy::Check { tcp, udp },
        }
    }

    fn http_policy(&self) -> HttpPolicy {
        #[cfg(feature = "wasi-http")]
        if let Some(granted) = self.http.policy() {
            return granted;
        }
        HttpPolicy::Denied
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
