//! What names and ids become in a path.

use std::path::{Component, Path};

use proptest::prelude::*;

use super::*;

#[test]
fn what_no_file_should_be_called_is_replaced() {
    for (name, expected) in [
        ("Contoso Ltd.", "Contoso Ltd"),
        ("Ärzte & Söhne (Köln) #1", "Ärzte & Söhne (Köln) #1"),
        ("contoso.com", "contoso_com"),
        ("a/b", "a_b"),
        ("a\\b:c", "a_b_c"),
        ("../x", "_x"),
        ("..\\..\\x", "____x"),
        ("..", "_"),
        (" . ", "_"),
        ("", "_"),
        ("a\nb\0c\u{202e}d\u{a0}e", "a_b_c_d_e"),
        ("a~t1", "a_t1"),
        ("NUL", "_NUL"),
        ("nul.txt", "nul_txt"),
        ("Com1", "_Com1"),
        ("LPT²", "_LPT²"),
        ("CONIN$", "_CONIN$"),
        ("Contoso", "Contoso"),
    ] {
        assert_eq!(of_text(name), expected, "{name:?}");
    }
    assert_eq!(of_text(&"x".repeat(300)), "x".repeat(99));
    assert_eq!(of_text(&"é".repeat(300)), "é".repeat(49));
    assert_eq!(of_text(&format!("{} x", "x".repeat(98))), "x".repeat(98));
    assert_eq!(of_text(&format!("NUL{}x", " ".repeat(100))), "_NUL");
}

#[test]
fn an_id_that_is_not_plain_is_followed_by_its_digest() {
    let uuid = "00112233-4455-6677-8899-aabbccddeeff";
    assert_eq!(of_id(uuid), uuid);
    assert_eq!(with_id("Contoso", uuid), format!("Contoso~{uuid}"));
    for (id, begin) in [
        ("T1", "T1~"),
        ("a/b", "a_b~"),
        ("", "_~"),
        ("nul", "_nul~"),
        (&"x".repeat(40), "xxxxxxxxxxxxxxx~"),
    ] {
        let made = of_id(id);
        let digest = made.strip_prefix(begin).unwrap_or_else(|| panic!("{made}"));
        assert_eq!(digest.len(), 32);
    }
}

/// Texts that attack a path, and ordinary ones.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "(\\.|/|\\\\|~|_|a|A| |\n|\0){0,6}",
        "(?i)(con|prn|aux|nul|com1|lpt²|conout\\$)( |\\.|\\.txt| {100}x)?",
        "\\PC{0,150}",
        any::<String>(),
        "[a-z0-9~-]{0,60}",
    ]
}

proptest! {
    #[test]
    fn a_name_is_one_harmless_component(name in text(), id in text()) {
        for made in [of_text(&name), of_id(&id), with_id(&name, &id)] {
            prop_assert!((1..=100).contains(&made.len()), "{made}");
            let mut components = Path::new(&made).components();
            prop_assert!(matches!(components.next(), Some(Component::Normal(_))), "{made}");
            prop_assert_eq!(components.next(), None);
            prop_assert!(!made.contains(['/', '\\', '.', ':', '\0']), "{made}");
            prop_assert!(!made.contains(char::is_control), "{made}");
            prop_assert_eq!(made.trim(), &made);
            let upper = made.to_uppercase();
            let device = upper.strip_suffix(char::is_numeric).unwrap_or(&upper);
            prop_assert!(!RESERVED.contains(&device), "{made}");
        }
    }

    #[test]
    fn different_ids_never_become_the_same(names in [text(), text()], ids in [text(), text()]) {
        prop_assume!(ids[0] != ids[1]);
        let folded = |text: String| text.to_uppercase().to_lowercase();
        let [one, other] = [0, 1].map(|at| folded(of_id(&ids[at])));
        prop_assert_ne!(one, other);
        let [one, other] = [0, 1].map(|at| folded(with_id(&names[at], &ids[at])));
        prop_assert_ne!(&one, &other);
        prop_assert_ne!(one, folded(of_text(&names[1])));
        // Nor is the id of one the name of another.
        prop_assert_ne!(other, folded(of_text(&names[0])));
    }
}
