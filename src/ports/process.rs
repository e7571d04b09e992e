//! What the system says of this process. Told by `/proc`; where there is none, nothing is.

use std::fs;

/// Ticks of a second in `/proc`: fixed for programs on every common Linux, whatever the kernel's own clock.
const TICKS: f64 = 100.0;

/// What the process uses; absent what the system doesn't tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// User and system time in seconds.
    pub cpu_seconds: Option<f64>,
    /// Memory in RAM.
    pub resident_bytes: Option<u64>,
    /// Address space.
    pub virtual_bytes: Option<u64>,
    /// Open file descriptors.
    pub open_files: Option<u64>,
    /// Most file descriptors that may be open; absent where there is no limit.
    pub most_files: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// When it started, in seconds since 1970.
    pub started_seconds: Option<f64>,
}

/// Looks up what this process uses now.
#[must_use]
pub fn usage() -> Usage {
    let text = |name: &str| fs::read_to_string(name).unwrap_or_default();
    let open_files = fs::read_dir("/proc/self/fd").ok().and_then(|files| u64::try_from(files.count()).ok());
    let told = Told {
        stat: &text("/proc/self/stat"),
        status: &text("/proc/self/status"),
        limits: &text("/proc/self/limits"),
        machine: &text("/proc/stat"),
    };
    // One of them is the look itself.
    Usage { open_files: open_files.map(|files| files.saturating_sub(1)), ..told.usage() }
}

/// The texts of `/proc`.
struct Told<'a> {
    stat: &'a str,
    status: &'a str,
    limits: &'a str,
    machine: &'a str,
}

impl Told<'_> {
    fn usage(&self) -> Usage {
        // The second field is the program's name in brackets, which may hold anything; the third follows it.
        let fields: Vec<&str> =
            self.stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
        let ticks = |field: usize| fields.get(field - 3).and_then(|text| text.parse::<f64>().ok());
        let booted = number(self.machine, "btime ");
        let of_status = |name| number(self.status, name);
        Usage {
            cpu_seconds: ticks(14).zip(ticks(15)).map(|(user, system)| (user + system) / TICKS),
            resident_bytes: of_status("VmRSS:").map(|kilobytes| kilobytes * 1024),
            virtual_bytes: of_status("VmSize:").map(|kilobytes| kilobytes * 1024),
            open_files: None,
            most_files: number(self.limits, "Max open files"),
            threads: of_status("Threads:"),
            started_seconds: booted.zip(ticks(22)).map(|(booted, started)| booted as f64 + started / TICKS),
        }
    }
}

/// The number that follows the name of a line.
fn number(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_proc_are_read_whatever_the_program_is_called() {
        let told = Told {
            stat: "7 (a b) c) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 5 0 1000 9 9 1",
            status: "Name:\ta\nVmSize:\t  2048 kB\nVmRSS:\t  1024 kB\nThreads:\t5\n",
            limits: "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files\n",
            machine: "cpu  1 2 3\nbtime 1700000000\n",
        };
        let expected = Usage {
            cpu_seconds: Some(2.0),
            resident_bytes: Some(1_048_576),
            virtual_bytes: Some(2_097_152),
            open_files: None,
            most_files: Some(1024),
            threads: Some(5),
            started_seconds: Some(1_700_000_010.0),
        };
        assert_eq!(told.usage(), expected);
    }

    #[test]
    fn a_system_without_proc_tells_nothing() {
        let told = Told { stat: "", status: "", limits: "", machine: "" };
        assert_eq!(told.usage(), Usage::default());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_is_told_of() {
        let usage = usage();
        assert!(usage.resident_bytes.is_some_and(|bytes| bytes > 1 << 20), "{usage:?}");
        assert!(usage.open_files.is_some_and(|files| files >= 3), "{usage:?}");
        assert!(usage.started_seconds.is_some_and(|seconds| seconds > 1.6e9), "{usage:?}");
    }
}
