//! Trust: a server needs a certificate of the account's own authority, for its name, within its validity.

use sophos_central_simulator::{Authority, Certificate, Fleet, Options};

use crate::resolver::host;
use crate::support::{QUICK, Workplace};

const NAME: &str = "api.sophos.example";
const DEVICES: u64 = 30;

/// Returns a simulated Sophos Central under a name with a certificate, and an account that trusts it.
fn workplace(host: &str, certificate: Certificate, authority: Option<&Authority>) -> Workplace {
    let work = Workplace::new(Options {
        https: true,
        certificate: Some(certificate),
        host: Some(host.to_owned()),
        ..Options::new(Fleet::new(1, DEVICES))
    });
    work.configure("", QUICK);
    let mut account = match host {
        "localhost" => "allow_loopback_http = true".to_owned(),
        _ => "allow_addresses = [\"127.0.0.0/8\"]".to_owned(),
    };
    if let Some(authority) = authority {
        work.write("ca.pem", authority.pem());
        account += "\nca_file = \"ca.pem\"";
    }
    work.edit_config("allow_loopback_http = true", &account);
    work.write("names", &format!("{NAME} 127.0.0.1\nlocalhost 127.0.0.1\n"));
    work
}

#[track_caller]
fn trusted(work: &Workplace) {
    host(work, &["check"], &[]).expect(0);
    host(work, &["collect"], &[]).expect(0);
    assert_eq!(work.ids().len() as u64, DEVICES);
}

/// Asserts that no request reaches a server that is not trusted.
#[track_caller]
fn untrusted(work: &Workplace, why: &str) {
    for command in ["check", "collect"] {
        host(work, &[command], &[])
            .expect(1)
            .says(&["connection is not secure", why]);
    }
    assert!(work.simulator.connections() > 0, "it was asked");
    assert!(work.simulator.requests().is_empty());
    assert!(work.events().is_empty());
}

#[test]
fn a_certificate_of_a_trusted_authority_is_accepted() {
    let authority = Authority::new().unwrap();
    for name in [NAME, "localhost"] {
        let certificate = authority.certificate(&[name]).unwrap();
        trusted(&workplace(name, certificate, Some(&authority)));
    }
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let authority = Authority::new().unwrap();
    for names in [
        &["other.example"][..],
        &["sophos.example"],
        &["*.api.sophos.example"],
    ] {
        let certificate = authority.certificate(names).unwrap();
        untrusted(
            &workplace(NAME, certificate, Some(&authority)),
            "not valid for name",
        );
    }
    let certificate = authority.certificate(&["127.0.0.1"]).unwrap();
    untrusted(
        &workplace("localhost", certificate, Some(&authority)),
        "not valid for name",
    );
}

#[test]
fn an_expired_certificate_is_refused() {
    let authority = Authority::new().unwrap();
    for name in [NAME, "localhost"] {
        let certificate = authority.expired(&[name]).unwrap();
        untrusted(&workplace(name, certificate, Some(&authority)), "expired");
    }
}

#[test]
fn a_self_signed_certificate_is_rejected() {
    let authority = Authority::new().unwrap();
    for name in [NAME, "localhost"] {
        let certificate = Certificate::self_signed(&[name]).unwrap();
        untrusted(
            &workplace(name, certificate, Some(&authority)),
            "UnknownIssuer",
        );
    }
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused() {
    let (authority, other) = (Authority::new().unwrap(), Authority::new().unwrap());
    for name in [NAME, "localhost"] {
        let certificate = authority.certificate(&[name]).unwrap();
        untrusted(&workplace(name, certificate.clone(), None), "UnknownIssuer");
        untrusted(&workplace(name, certificate, Some(&other)), "UnknownIssuer");
    }
}
