//! Who looks after whom, and who follows. Told by profiles alone, whatever else tells of somebody, so that no file which
//! arrives later takes an older name back.

use super::acquaintance::Acquaintance;
use super::profile::Profile;
use super::sheet::{Rows, Sheet};
use super::staff::Staff;

/// Adds who looks after somebody from a minute on, and everyone who follows.
pub fn write_first(id: u64, since: i64, with: &Acquaintance, staff: &Staff, rows: &mut Rows) {
    if let Some(desk) = with.desk {
        add(id, since, staff.at(desk, since), rows);
    }
    write(id, since, with, staff, rows);
}

/// Adds everyone who follows whoever looks after somebody at a minute.
pub fn write(id: u64, since: i64, with: &Acquaintance, staff: &Staff, rows: &mut Rows) {
    let Some(desk) = with.desk else { return };
    for (minute, who) in staff.taken_over(desk).filter(|(minute, _)| *minute > since) {
        add(id, minute, who, rows);
    }
}

fn add(id: u64, minute: i64, account_manager: &'static str, rows: &mut Rows) {
    let profile = Profile { account_manager, ..Profile::default() };
    rows.add(minute, Sheet::Profiles, format_args!("{id},{profile}"));
}
