//! The commands of the unchanged host.

use crate::place::Place;

#[test]
fn check_says_what_is_in_the_list() {
    let place = Place::csv("id,hostname\n1,a\n,b\n");
    place.host(&["check"]).expect(0).says(&[
        "The list has 2 rows and 2 columns.",
        "Rows that cannot be collected, such as those without an id: 1.",
    ]);
}

#[test]
fn describe_says_where_the_token_goes() {
    let place = Place::csv("id\n1\n");
    let origin = place.server.url().trim_end_matches("/assets").to_owned();
    place
        .host(&["describe", "--account", "acme"])
        .expect(0)
        .says(&[&origin, "token", "asset-list 0.1.0"]);
}
