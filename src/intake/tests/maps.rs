//! One-off sources.

use super::*;

fn pairs(maps: &[(&str, &str)]) -> AdHoc {
    let maps = maps.iter().map(|(field, column)| ((*field).to_owned(), (*column).to_owned())).collect();
    AdHoc { maps, ..AdHoc::default() }
}

fn columns(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn pairs_and_columns_of_the_same_name_make_a_source() {
    let mut world = World::new(vec![]);
    let file = "Customer,at,amount,note\nc1,2026-07-01,10,x\n";
    let path = world.write("orders.csv", file);
    let columns = columns_of(&path, None).unwrap().unwrap();
    assert_eq!(columns, ["Customer", "at", "amount", "note"]);
    let source = ad_hoc(&world.policy, "order", Some(&columns), &pairs(&[("customer", "Customer")])).unwrap();
    let report = world.import(&source, "orders.csv", file).unwrap();
    assert_eq!(report.tally, tally(1, 1, 0, 0, 0, 0));
    assert_eq!(world.events(ORDER), ["c1 2026-06-30T23:00:00Z 10 -"]);
}

#[test]
fn lines_of_json_have_no_header_to_go_by() {
    let mut world = World::new(vec![]);
    let file = "{\"id\":\"c1\",\"name\":\"Acme\"}\n{\"id\":\"c2\",\"opted_out\":false}\n";
    let path = world.write("c.jsonl", file);
    assert_eq!(columns_of(&path, None).unwrap(), None);
    let source = ad_hoc(&world.policy, "customer", None, &AdHoc::default()).unwrap();
    world.import(&source, "c.jsonl", file).unwrap();
    assert_eq!(world.customers(), ["c1 - - Acme -", "c2 - - - false"]);
}

#[test]
fn what_makes_no_source_is_told_with_the_nearest_name() {
    let world = World::new(vec![]);
    let header = columns(&["Nr", "Customer", "Date"]);
    let refused = |target: &str, maps: &[(&str, &str)]| {
        ad_hoc(&world.policy, target, Some(&header), &pairs(maps)).unwrap_err().to_string()
    };
    assert_eq!(
        refused("orders", &[]),
        "`orders` is neither `customer` nor a declared event (did you mean `order`?)"
    );
    assert_eq!(refused("touch", &[]), "`touch` events are recorded by the engine alone");
    assert_eq!(refused("order", &[("amuont", "Nr")]), "order has no field `amuont` (did you mean `amount`?)");
    assert_eq!(refused("order", &[("id", "Nr"), ("id", "Nr")]), "`id` is mapped twice");
    assert_eq!(
        refused("order", &[("customer", "Custmer")]),
        "the file has no column `Custmer` (did you mean `Customer`?); its columns are: Nr, Customer, Date"
    );
    assert_eq!(refused("order", &[("customer", "Customer")]), "say which column holds `at`: --map at=COLUMN");
}
