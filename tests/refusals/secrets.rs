//! Secrets are not shown, whatever the API returns.

use super::*;

#[test]
fn a_successful_run_shows_no_secret() {
    let work = Workplace::new(options());
    work.configure("page_size = 50", QUICK);
    let ran = work.host(&["-vv", "collect"]).expect(0);
    assert!(!work.simulator.issued_tokens().is_empty());
    assert_no_secret(&work, &ran);
}

#[test]
fn the_files_of_a_killed_run_contain_no_secret() {
    let work = Workplace::new(options());
    work.configure("page_size = 20", QUICK);
    // Token, whoami, three pages. The fourth is asked for ahead by the call for the third, which begins once the first
    // is stored: the state's journal is there, and holds the first page's cursor.
    work.simulator.hold(6);
    let mut host = work.start(&["collect"]);
    work.simulator.wait_until_held();
    host.kill().unwrap();
    host.wait().unwrap();
    assert!(work.path("state.db-wal").exists());
    let nothing = Ran {
        code: None,
        stdout: String::new(),
        stderr: String::new(),
    };
    assert_no_secret(&work, &nothing);
}

/// Returns an answer with both secrets in every place of body and headers that a message might use.
fn echo(code: u16, secret: &str) -> Fault {
    let body = json!({
        "error": secret, "message": secret, "errorCode": secret, "correlationId": secret, "trackingId": secret,
        "requestId": secret, "code": secret, "id": secret, "idType": secret, "access_token": "\n",
        "apiHosts": {"dataRegion": secret}, "items": secret, "pages": secret,
    });
    let header = |name: &str| (name.to_owned(), secret.to_owned());
    Fault::Status {
        code,
        headers: vec![
            header("location"),
            header("retry-after"),
            header("x-request-id"),
        ],
        body: Some(body.to_string().into_bytes()),
    }
}

#[test]
fn a_secret_that_the_api_echoes_is_not_shown() {
    // The simulator's first token is always the same.
    let token = {
        let work = Workplace::new(options());
        work.host(&["check"]).expect(0);
        work.simulator.issued_tokens()[0].clone()
    };
    let own = [Route::Token, Route::Whoami, Route::Endpoints].map(|route| (options(), route));
    for (options, route) in own.into_iter().chain(parents()) {
        for code in [200, 302, 400, 401, 403, 404, 429, 503] {
            let work = Workplace::new(options.clone());
            work.configure("", IMPATIENT);
            let secret = format!("{CLIENT_SECRET} {token}");
            work.simulator.fault_always(route, echo(code, &secret));
            for command in ["check", "collect"] {
                let ran = work.host(&["-vv", command]).expect(1);
                assert_no_secret(&work, &ran);
            }
        }
    }
}

#[test]
fn a_part_of_a_token_is_not_reported_as_an_id() {
    // The simulator's first token is always the same.
    let token = {
        let work = Workplace::new(options());
        work.host(&["check"]).expect(0);
        work.simulator.issued_tokens()[0].clone()
    };
    let part = token.split('.').nth(1).unwrap().to_owned();
    assert!(part.len() >= 16, "{part}");
    let own = [Route::Whoami, Route::Endpoints].map(|route| (options(), route));
    for (options, route) in own.into_iter().chain(parents()) {
        for code in [401, 403, 503] {
            for echoed in [token.clone(), part.clone(), format!("id-{part}-id")] {
                let work = Workplace::new(options.clone());
                work.configure("", IMPATIENT);
                work.simulator.fault_always(route, echo(code, &echoed));
                let ran = work.host(&["-vv", "collect"]).expect(1);
                assert!(ran.stderr.contains(&format!("{code})")), "{}", ran.stderr);
                assert_hidden(&work, &ran, std::slice::from_ref(&part));
            }
        }
    }
}

#[test]
fn a_part_of_the_client_secret_is_not_reported_as_an_id() {
    let part = TOKEN[8..].to_owned();
    let work = Workplace::new(Options {
        client_secret: TOKEN.to_owned(),
        ..options()
    });
    work.configure("", IMPATIENT);
    work.edit_config("TEST_CLIENT_SECRET", "TEST_TOKEN");
    work.host(&["check"]).expect(0);
    // The body with an id alone: an error code is a word of its own.
    let body = json!({"trackingId": part, "correlationId": part}).to_string();
    let fault = Fault::Status {
        code: 503,
        headers: Vec::new(),
        body: Some(body.into_bytes()),
    };
    work.simulator.fault_always(Route::Token, fault);
    let ran = work.host(&["-vv", "collect"]).expect(1);
    assert!(ran.stderr.contains("(503)"), "{}", ran.stderr);
    assert_hidden(&work, &ran, std::slice::from_ref(&part));
}
