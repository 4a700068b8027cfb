use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Returns the text of a row.
fn raw<'t>(text: &'t str, place: &Place) -> &'t str {
    text.get(place.start..place.end).unwrap()
}

/// Returns the rows of a CSV list: the number of each, and its fields or why it is none.
fn rows(text: &str) -> Vec<(u32, Result<Vec<String>, String>)> {
    let format = Format::Csv(b',');
    let split = split(text, format, None).unwrap();
    let fields = |record: Node| match record {
        Node::Object(members) => {
            let members = members.into_iter();
            let text = |node| match node {
                Node::Scalar(Value::String(text)) => text,
                other => panic!("{other:?}"),
            };
            members.map(|(_, node)| text(node)).collect()
        }
        other => panic!("{other:?}"),
    };
    let row = |place: &Place| {
        let record = record(raw(text, place), format, &split.header);
        (place.number, record.map(fields))
    };
    split.rows.iter().map(row).collect()
}

fn fields(fields: &[&str]) -> Result<Vec<String>, String> {
    Ok(fields.iter().map(|field| (*field).to_owned()).collect())
}

#[test]
fn a_row_has_the_number_of_its_first_line() {
    for line_break in ["\n", "\r\n"] {
        let text = "a,b\n1,2\n\n\n\"3\n3\",4\n5,\"6\"\"\"\n".replace('\n', line_break);
        let inner = format!("3{line_break}3");
        assert_eq!(
            rows(&text),
            [
                (2, fields(&["1", "2"])),
                (5, fields(&[&inner, "4"])),
                (7, fields(&["5", "6\""])),
            ]
        );
    }
}

#[test]
fn a_row_of_another_length_is_no_record() {
    let wrong = |fields| Err(format!("has {fields} fields, and the header 2"));
    assert_eq!(
        rows("a,b\n1\n1,2,3\n1,2\n\"x,\n1,2\",3,4"),
        [
            (2, wrong(1)),
            (3, wrong(3)),
            (4, fields(&["1", "2"])),
            (5, wrong(3)),
        ]
    );
}

#[test]
fn a_stray_quote_costs_its_field_alone() {
    assert_eq!(
        rows("a,b\n5\" pipe,\0\n1,2\n7\" pipe,x"),
        [
            (2, fields(&["5\" pipe", "\0"])),
            (3, fields(&["1", "2"])),
            (4, fields(&["7\" pipe", "x"])),
        ]
    );
}

#[test]
fn a_list_that_ends_inside_of_quotes_is_no_list() {
    for text in [
        "a,b\n1,\"2\n3,4\n",
        "\"a,b\n1,2\n",
        "a,b\n1,\"2\"\n3,\"4",
        "a,b\n1,\"\"\"",
        "\"a\"b,c\n1,2\n",
    ] {
        assert!(split(text, Format::Csv(b','), None).is_err(), "{text:?}");
    }
    let legal = "a,b\n5\" pipe,\"2\n3\"";
    assert_eq!(rows(legal), [(2, fields(&["5\" pipe", "2\n3"]))]);
}

#[test]
fn a_quote_that_is_not_closed_costs_its_row_alone() {
    let wrong = || Err(BAD_QUOTE.to_owned());
    assert_eq!(
        rows("a,b\n1,\"x\n2,y\r\n3,\"z\"\n\"4\"4,x\n5,\"6\n6\"\n"),
        [
            (2, wrong()),
            (3, fields(&["2", "y"])),
            (4, fields(&["3", "z"])),
            (5, wrong()),
            (6, fields(&["5", "6\n6"])),
        ]
    );
}

#[test]
fn quotes_that_are_not_closed_cost_no_more_than_the_list() {
    // Read from its begin, each line but the last seems to belong to a row that goes on to the end.
    let text = "a,b\n".to_owned() + &",\",a\",b,\"\n".repeat(200_000) + "\"x\"x\"\n";
    let why = split(&text, Format::Csv(b','), None).unwrap_err();
    assert!(why.contains("too many quotes"), "{why}");
}

#[test]
fn an_array_is_found_by_a_pointer() {
    let column = |text: &str| Column::parse(text).unwrap();
    let text = r#"{"n": 1, "data": {"a/b": [{"id": 1}, 2 ,"ü"], "o": {}}}"#;
    let found = split(text, Format::Json, Some(&column("/data/a~1b"))).unwrap();
    let rows: Vec<_> = found
        .rows
        .iter()
        .map(|row| (row.number, raw(text, row)))
        .collect();
    assert_eq!(rows, [(1, r#"{"id": 1}"#), (2, "2"), (3, "\"ü\"")]);
    for pointer in ["/data", "/data/o", "/n", "/no", "/n/1"] {
        assert!(split(text, Format::Json, Some(&column(pointer))).is_err());
    }
    for text in ["", "{}", "[1,", "[1]]", "nothing"] {
        assert!(split(text, Format::Json, None).is_err(), "{text:?}");
    }
}

#[test]
fn a_record_that_is_nested_deeply_is_refused() {
    let deep = format!("[{}1{}]", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let found = split(&deep, Format::Json, None).unwrap();
    let [row] = found.rows[..] else {
        panic!("{:?}", found.rows)
    };
    let why = record(raw(&deep, &row), Format::Json, &[]).unwrap_err();
    assert_eq!(why, "is nested too deeply");
}

proptest! {
    /// What a writer of CSV writes is read back, and each row from its own place.
    #[test]
    fn any_fields_are_read_back(
        rows_in in prop::collection::vec(prop::collection::vec("[a\",;\r\n é]{0,5}", 2), 0..8),
    ) {
        let quoted = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
        let line = |row: &Vec<String>| row.iter().map(quoted).collect::<Vec<_>>().join(",") + "\r\n";
        let text = "a,b\n".to_owned() + &rows_in.iter().map(line).collect::<String>();
        let found: Vec<_> = rows(&text).into_iter().map(|(_, fields)| fields.unwrap()).collect();
        prop_assert_eq!(found, rows_in);
    }

    #[test]
    fn no_text_is_too_strange(text in "[a\",\r\n\\[\\]{}:1é\0\u{feff}]{0,60}") {
        for format in [Format::Csv(b','), Format::Json, Format::Ndjson] {
            if let Ok(found) = split(&text, format, None) {
                for row in found.rows {
                    let _ = record(raw(&text, &row), format, &found.header);
                }
            }
        }
    }
}
