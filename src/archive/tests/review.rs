//! Looking back.

use super::*;
use crate::archive::review::TOUCHES;

#[test]
fn touches_pass_by_in_order_of_customer_without_being_sorted() {
    let archive = Archive::open_in_memory().unwrap();
    let mut statement = archive.connection.prepare(&format!("EXPLAIN QUERY PLAN {TOUCHES}")).unwrap();
    let step: String = statement.query_row([1, 9], |row| row.get("detail")).unwrap();
    assert_eq!(step, "SCAN touch USING INDEX touch_customer");
    let steps = statement.query_map([1, 9], |_| Ok(())).unwrap().count();
    assert_eq!(steps, 1);
}
