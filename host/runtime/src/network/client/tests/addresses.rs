//! Where a client may be led, and where it is not.

use super::*;

fn judged(networks: &[&str], loopback: bool) -> HttpClient {
    client(ClientOptions {
        addresses: Some(AllowedAddresses {
            networks: networks.iter().map(|text| text.parse().unwrap()).collect(),
            loopback,
        }),
        ..options()
    })
}

#[tokio::test]
async fn every_spelling_of_this_machine_is_prohibited() {
    let server = Server::answering(OK).await;
    let port = server.place.rsplit_once(':').unwrap().1;
    // `127.1` is a name to us, and the system's resolver makes it 127.0.0.1.
    for host in [
        "localhost",
        "127.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ] {
        let url = format!("http://{host}:{port}/");
        let fault = body(&judged(&[], false), get(&url)).await.unwrap_err();
        assert!(fault.to_string().contains("loopback"), "{host}: {fault}");
        assert!(matches!(fault, HttpError::Prohibited { .. }), "{fault:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_special_address_is_prohibited_before_anything_is_sent() {
    for host in [
        "10.0.0.1",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[::ffff:10.0.0.1]",
    ] {
        for client in [judged(&[], false), judged(&["192.0.2.0/24"], true)] {
            let answer = body(&client, get(&format!("http://{host}/"))).await;
            assert!(
                matches!(answer, Err(HttpError::Prohibited { .. })),
                "{answer:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_allowed_address_is_reached_by_name_and_by_address() {
    let server = Server::answering(OK).await;
    let port = server.place.rsplit_once(':').unwrap().1;
    for host in ["localhost", "127.0.0.1", "127.1"] {
        let url = format!("http://{host}:{port}/");
        for client in [judged(&["127.0.0.1/32"], false), judged(&[], true)] {
            assert_eq!(body(&client, get(&url)).await.unwrap(), "ok", "{host}");
        }
    }
}
