//! Importing files.

use proptest::prelude::*;

use super::*;

#[test]
fn rows_become_events_and_make_their_customers() {
    let mut world = World::new(vec![]);
    let file =
        order_file(&["1,c2,2026-07-01 09:00,10.5,paid", "2,c1,2026-01-01T09:00:00+08:00,-3,cancelled"]);
    let report = world.import(&orders(), "orders.csv", file).unwrap();
    assert_eq!(report.tally, tally(2, 2, 0, 0, 0, 0));
    assert_eq!(
        world.events(ORDER),
        ["c1 2026-01-01T01:00:00Z -3 cancelled", "c2 2026-07-01T08:00:00Z 10.5 paid"]
    );
    assert_eq!(world.customers(), ["c1 - - - -", "c2 - - - -"]);
    assert_eq!(world.rejected(), Vec::<String>::new());
}

#[test]
fn every_format_gives_the_same() {
    let csv = order_file(&["1,c1,2026-07-01,10,paid"]);
    let json = "{\"No\":1,\"Customer\":\"c1\",\"Date\":\"2026-07-01\",\"Amount\":10,\"Status\":\"paid\"}\n\n";
    let windows = format!("\u{FEFF}{}", csv.replace('\n', "\r\n"));
    let contents: [(&str, Vec<u8>); 6] = [
        ("a.csv", csv.clone().into()),
        ("b.csv.gz", gzip(csv.as_bytes())),
        ("c.jsonl", json.into()),
        ("d.jsonl.gz", gzip(json.as_bytes())),
        ("e.csv", windows.into()),
        ("F.CSV", csv.replace("No,", "\"No\" ,").into()),
    ];
    for (name, content) in contents {
        let mut world = World::new(vec![]);
        let report = world.import(&orders(), name, content).unwrap();
        assert_eq!(report.tally, tally(1, 1, 0, 0, 0, 0), "{name}");
        assert_eq!(world.events(ORDER), ["c1 2026-06-30T23:00:00Z 10 paid"], "{name}");
    }
}

#[test]
fn a_file_in_another_encoding_is_read_by_its_source() {
    let mut world = World::new(vec![]);
    let mut source = source(Into::Customer, "x.csv", &[(Target::Id, "客户编号"), (Target::Field(2), "名称")]);
    source.encoding = Some("gbk".to_owned());
    let (content, ..) = encoding_rs::GBK.encode("客户编号,名称\nc1,广州\n");
    let mut content = content.into_owned();
    content.extend_from_slice(b"c2,\xFF\xFF\n");
    let report = world.import(&source, "x.csv", &content).unwrap();
    assert_eq!(report.tally, tally(2, 1, 0, 0, 0, 1));
    assert_eq!(world.customers(), ["c1 - - 广州 -"]);
    assert_eq!(report.examples[0].reason, Reason::NotText("GBK"));
    source.encoding = None;
    let error = world.import(&source, "y.csv", &content).unwrap_err();
    assert!(matches!(error, ImportError::OtherEncoding { .. }), "{error}");
    source.encoding = Some("klingon".to_owned());
    assert!(matches!(world.import(&source, "z.csv", &content), Err(ImportError::Encoding { .. })));
}

#[test]
fn utf_16_is_told_by_its_mark() {
    let mut world = World::new(vec![]);
    let mut content = vec![0xFF, 0xFE];
    content.extend("Id,Name\nc1,Ä\n".encode_utf16().flat_map(u16::to_le_bytes));
    let mut source = source(Into::Customer, "x.csv", &[(Target::Id, "Id"), (Target::Field(2), "Name")]);
    let error = world.import(&source, "x.csv", &content).unwrap_err().to_string();
    assert!(error.contains("encoding = \"utf-16\""), "{error}");
    source.encoding = Some("utf-16".to_owned());
    world.import(&source, "x.csv", &content).unwrap();
    assert_eq!(world.customers(), ["c1 - - Ä -"]);
}

#[test]
fn a_bad_row_is_rejected_alone_with_file_line_column_and_reason() {
    let mut world = World::new(vec![]);
    let file = order_file(&[
        "1,c1,2026-07-01,10,paid",
        "2,,2026-07-01,10,paid",
        "3,c1,yesterday,10,paid",
        "\"4\n4\",c1,2026-07-01,ten,paid",
        "5,c1,2026-07-01,10,payed",
        "6,c1,2026-07-01,10",
        "7,\u{20},2026-07-01,10,paid",
        "8,c1,2026-07-01,NaN,paid",
        "=9,c1,2026-07-01,-inf,paid",
    ]);
    let report = world.import(&orders(), "orders.csv", file).unwrap();
    assert_eq!(report.tally, tally(9, 1, 0, 0, 0, 8));
    let told: Vec<String> =
        report.examples.iter().map(|why| format!("{} {}: {}", why.line, why.column, why.reason)).collect();
    assert_eq!(
        told,
        [
            "3 Customer: missing",
            "4 Date: `yesterday` is not a time of the form 2027-03-01T09:00:00+08:00 or 2027-03-01",
            "6 Amount: `ten` is not a number",
            "7 Status: `payed` is not one of the choices; did you mean `paid`?",
            "8 : the row has 4 cells, the header 5",
            "9 Customer: missing",
            "10 Amount: `NaN` is not a number",
            "11 Amount: `-inf` is not a number",
        ]
    );
    assert_eq!(report.reasons[&("Amount".to_owned(), "not a number")], 3);
    let path = report.rejected_file.unwrap();
    assert_eq!(world.rejected(), [format!("orders.csv.{}.csv", report.hash.get(..8).unwrap())]);
    let content = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = content.lines().collect();
    assert_eq!(lines[0], "file,line,column,reason,No,Customer,Date,Amount,Status");
    assert_eq!(lines[1], "orders.csv,3,Customer,missing,2,,2026-07-01,10,paid");
    assert_eq!(lines[6], "orders.csv,8,,\"the row has 4 cells, the header 5\",6,c1,2026-07-01,10");
    assert_eq!(lines[9], "orders.csv,11,Amount,`-inf` is not a number,'=9,c1,2026-07-01,'-inf,paid");
}

#[test]
fn bad_lines_of_json_are_rejected_as_lines_of_json() {
    let mut world = World::new(vec![]);
    let good = "{\"No\":\"1\",\"Customer\":\"c1\",\"Date\":\"2026-07-01\"}";
    let file = format!(
        "{good}\n{{\"No\":2,\"Customer\":\"c1\",\"Date\":\"2026-07-01\",\"Amount\":[1]}}\nnot json\n[1]\n\
         {{\"No\":3,\"Date\":\"2026-07-01\"}}\n"
    );
    let report = world.import(&orders(), "orders.jsonl", file).unwrap();
    assert_eq!(report.tally, tally(5, 1, 0, 0, 0, 4));
    let kinds: Vec<_> =
        report.examples.iter().map(|why| (why.line, why.column.as_str(), why.reason.kind())).collect();
    assert_eq!(
        kinds,
        [(2, "Amount", "nested"), (3, "", "not JSON"), (4, "", "not an object"), (5, "Customer", "missing")]
    );
    let content = std::fs::read_to_string(report.rejected_file.unwrap()).unwrap();
    let rows: Vec<serde_json::Value> =
        content.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows[0]["row"]["Amount"][0], 1);
    assert_eq!(rows[0]["file"], "orders.jsonl");
    assert_eq!(rows[1]["row"], "not json");
    assert_eq!(rows[1]["line"], 3);
}

#[test]
fn absent_columns_and_empty_cells_keep_a_customers_value_and_null_clears_it() {
    let mut world = World::new(vec![]);
    let first = "Id,Birthday,Capability,Name,Out\nc1,1980-02-29,0.5,Acme,yes\n";
    assert_eq!(world.import(&customers(), "a.csv", first).unwrap().tally, tally(1, 1, 0, 0, 0, 0));
    let second = "Id,Name,Capability\nc1,,\n c1 ,Acme Ltd,\n";
    assert_eq!(world.import(&customers(), "b.csv", second).unwrap().tally, tally(2, 0, 1, 1, 0, 0));
    assert_eq!(world.customers(), ["c1 1980-02-29 0.5 Acme Ltd true"]);
    let third = "{\"Id\":\"c1\",\"Birthday\":null,\"Capability\":0.25,\"Name\":\"\"}\n";
    assert_eq!(world.import(&customers(), "c.jsonl", third).unwrap().tally, tally(1, 0, 0, 1, 0, 0));
    assert_eq!(world.customers(), ["c1 - 0.25 Acme Ltd true"]);
    let bad = "Id,Capability\nc1,1.5\n";
    assert_eq!(world.import(&customers(), "d.csv", bad).unwrap().tally, tally(1, 0, 0, 0, 0, 1));
}

#[test]
fn an_events_empty_cell_is_missing() {
    let mut world = World::new(vec![]);
    world.import(&orders(), "orders.csv", order_file(&["1,c1,2026-07-01,,"])).unwrap();
    assert_eq!(world.events(ORDER), ["c1 2026-06-30T23:00:00Z - -"]);
}

#[test]
fn an_event_known_with_other_content_is_replaced_and_later_rows_win() {
    let mut world = World::new(vec![]);
    world.import(&orders(), "a.csv", order_file(&["1,c1,2026-07-01,10,paid"])).unwrap();
    let file = order_file(&["1,c1,2026-07-01,10,cancelled", "2,c1,2026-07-03,1,", "2,c1,2026-07-02,2,"]);
    let report = world.import(&orders(), "b.csv", file).unwrap();
    assert_eq!(report.tally, tally(3, 1, 0, 2, 0, 0));
    assert_eq!(world.events(ORDER), ["c1 2026-06-30T23:00:00Z 10 cancelled", "c1 2026-07-01T23:00:00Z 2 -"]);
}

#[test]
fn the_same_content_again_changes_nothing_whatever_the_file_is_called() {
    let mut world = World::new(vec![]);
    let file = order_file(&["1,c1,2026-07-01,10,paid", "2,,2026-07-01,10,paid"]);
    let first = world.import(&orders(), "a.csv", &file).unwrap();
    let again = world.import(&orders(), "b.csv", &file).unwrap();
    assert!(again.already);
    assert_eq!((again.hash, again.tally), (first.hash, Tally::default()));
    assert_eq!(world.rejected().len(), 1);
    // Another source is asked for itself.
    let report = world.import(&filtered(orders(), "No != \"\""), "a.csv", &file).unwrap();
    assert_eq!(report.tally, tally(2, 0, 1, 0, 0, 1));
}

#[test]
fn a_customer_file_counts_as_imported_only_while_it_is_the_latest() {
    let mut world = World::new(vec![]);
    let (old, new) = ("Id,Name\nc1,Old\n", "Id,Name\nc1,New\n");
    for (file, already) in [(old, false), (old, true), (new, false), (old, false)] {
        assert_eq!(world.import(&customers(), "customers.csv", file).unwrap().already, already);
    }
    assert_eq!(world.customers(), ["c1 - - Old -"]);
}

#[test]
fn a_changed_source_reads_the_same_content_again() {
    let mut world = World::new(vec![]);
    let mut source = orders();
    source.time_format = Some("%d/%m/%Y".to_owned());
    let file = order_file(&["1,c1,2026-07-01,10,paid"]);
    assert_eq!(world.import(&source, "orders.csv", &file).unwrap().tally.rejected, 1);
    assert_eq!(world.rejected().len(), 1);
    source.time_format = None;
    assert_eq!(world.import(&source, "orders.csv", &file).unwrap().tally.new, 1);
    // No row is rejected any more.
    assert_eq!(world.rejected().len(), 0);
}

#[test]
fn rows_without_an_id_are_told_apart_by_content_and_number() {
    let mut world = World::new(vec![]);
    let source = orders_without_id();
    let row = "1,c1,2026-07-01,10,paid";
    let report =
        world.import(&source, "a.csv", order_file(&[row, row, "2,c1,2026-07-01,10,paid", row])).unwrap();
    assert_eq!(report.tally, tally(4, 4, 0, 0, 0, 0));
    // A later, longer file of another name brings only what is new.
    let file = order_file(&["0,c1,2026-07-01,10,paid", row, row, row, row]).replace('\n', "\r\n");
    let report = world.import(&source, "b.csv", file).unwrap();
    assert_eq!(report.tally, tally(5, 2, 3, 0, 0, 0));
}

#[test]
fn equal_rows_are_numbered_over_the_whole_file() {
    let mut world = World::new(vec![]);
    let row = "1,c1,2026-07-01,10,paid";
    let report = world.import(&orders_without_id(), "a.csv", order_file(&vec![row; 120_000])).unwrap();
    assert_eq!(report.tally.new, 120_000);
}

#[test]
fn filtered_rows_are_counted_and_not_rejected() {
    let mut world = World::new(vec![]);
    let source = filtered(orders(), "Customer != \"\" && number(Amount) > 5");
    let file =
        order_file(&["1,,2026-07-01,10,", "2,c1,2026-07-01,1,", "3,c1,2026-07-01,10,", "4,c1,never,10,"]);
    let report = world.import(&source, "orders.csv", file).unwrap();
    assert_eq!(report.tally, tally(4, 1, 0, 0, 2, 1));
}

#[test]
fn values_may_come_from_expressions_and_constants() {
    let mut world = World::new(vec![]);
    let mut source = source(
        Into::Event(ORDER),
        "x.csv",
        &[
            (Target::Customer, "=lower(col(\"Customer\"))"),
            (Target::At, "Date"),
            (Target::Field(0), "=number(Quantity) * number(Price)"),
        ],
    );
    source.columns.push(Mapping { target: Target::Field(1), from: Origin::Constant(Value::text("paid")) });
    let file = "Customer,Date,Quantity,Price\nC1,2026-07-01,3,1.5\nC1,2026-07-02,x,1.5\n,2026-07-02,1,1\n";
    let report = world.import(&source, "x.csv", file).unwrap();
    assert_eq!(report.tally, tally(3, 2, 0, 0, 0, 1));
    assert_eq!(
        report.examples[0],
        Rejection { line: 4, column: "Customer".to_owned(), reason: Reason::Missing, personal: false }
    );
    assert_eq!(world.events(ORDER), ["c1 2026-06-30T23:00:00Z 4.5 paid", "c1 2026-07-01T23:00:00Z - paid"]);
}

#[test]
fn an_event_of_nobody_in_particular_needs_no_customer() {
    let mut world = World::new(vec![]);
    world.import(&customers(), "c.csv", "Id\nc1\nc2\n").unwrap();
    let source =
        source(Into::Event(STAFF_LEFT), "s.csv", &[(Target::At, "Date"), (Target::Field(0), "Staff")]);
    let report = world.import(&source, "s.csv", "Date,Staff\n2026-01-01,Li\n").unwrap();
    assert_eq!(report.tally, tally(1, 1, 0, 0, 0, 0));
    assert_eq!(world.events(STAFF_LEFT), ["c1 2026-01-01T00:00:00Z Li", "c2 2026-01-01T00:00:00Z Li"]);
}

#[test]
fn a_file_that_lacks_a_required_column_is_rejected_as_a_whole() {
    let mut world = World::new(vec![]);
    let error = world.import(&orders(), "orders.csv", "No,CustomerId,Date,Amount,Status\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "orders.csv has no column `Customer` (did you mean `CustomerId`?); its columns are: No, CustomerId, Date, Amount, Status"
    );
    assert!(matches!(
        world.import(&customers(), "c.csv", "Name\nx\n"),
        Err(ImportError::MissingColumn { .. })
    ));
    assert!(matches!(
        world.import(&customers(), "c.csv", "Id,Name,Name\n"),
        Err(ImportError::TwoColumns { .. })
    ));
    assert!(matches!(world.import(&customers(), "c.csv", "\n\n"), Err(ImportError::Empty { .. })));
    assert!(matches!(world.import(&customers(), "c.txt", "Id\n"), Err(ImportError::Format { .. })));
}

#[test]
fn progress_reaches_the_end() {
    let mut world = World::new(vec![]);
    let rows: Vec<String> = (0..60_000).map(|row| format!("{row},c{},2026-07-01,10,paid", row % 7)).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let path = world.write("orders.csv", order_file(&rows));
    let options = world.options();
    let mut seen = Vec::new();
    let mut note = |progress: Progress| seen.push(progress);
    import_file(&mut world.archive, &world.policy, &orders(), &path, &options, Some(&mut note)).unwrap();
    assert_eq!(
        seen.last().map(|progress| (progress.rows, progress.bytes)),
        Some((60_000, path.metadata().unwrap().len()))
    );
    assert!(seen.len() >= 2 && seen.windows(2).all(|pair| pair[0].rows <= pair[1].rows));
}

#[test]
fn ids_have_a_length() {
    let mut world = World::new(vec![]);
    let file = format!("Id\n{}\n", "x".repeat(Reason::LONGEST_ID + 1));
    assert_eq!(world.import(&customers(), "c.csv", file).unwrap().examples[0].reason, Reason::IdTooLong);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_bytes_are_read_without_panic_and_every_row_counted_once(
        mut bytes in prop::collection::vec(prop::sample::select(b"12c,\"\n\r=-: \xFF\xC3paid2026-07-01".to_vec()), 0..400),
        without_id: bool, gz: bool, json: bool, encoded: bool,
    ) {
        let mut world = World::new(vec![]);
        let mut content = if json { Vec::new() } else { HEADER.as_bytes().to_vec() };
        content.append(&mut bytes);
        let mut source = if without_id { orders_without_id() } else { orders() };
        source.encoding = encoded.then(|| "gbk".to_owned());
        let content = if gz { gzip(&content) } else { content };
        let name = format!("x.{}{}", if json { "jsonl" } else { "csv" }, if gz { ".gz" } else { "" });
        // The tally is checked on the way.
        let _ = world.import(&source, &name, content);
    }

    #[test]
    fn rows_of_any_cells_are_counted_once(
        rows in prop::collection::vec(
            (0_u8..9, "(c[0-9]|)", "(2026-0[0-9]-0[0-3]|x|)", "(-?[0-9]{1,3}|nan|)", "(paid|cancelled|payed|)"), 0..60),
        without_id: bool,
    ) {
        let mut world = World::new(vec![]);
        let lines: Vec<String> = rows.iter().map(|(id, a, b, c, d)| format!("{id},{a},{b},{c},{d}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let source = if without_id { orders_without_id() } else { orders() };
        let report = world.import(&source, "x.csv", order_file(&lines)).unwrap();
        prop_assert_eq!(report.tally.rows, rows.len() as u64);
        let counted: u64 = report.reasons.values().sum();
        prop_assert_eq!(counted, report.tally.rejected);
        // Under another name of the source it is read again, and only repeats what is there.
        let again = Source { name: "again".into(), ..source };
        let second = world.import(&again, "x.csv", order_file(&lines)).unwrap();
        prop_assert_eq!(second.tally.new, 0);
        prop_assert_eq!(second.tally.rejected, report.tally.rejected);
    }
}
