# To be sourced: a simulated Sophos Central and a configuration for it.

dist=$(cd "$(dirname "${BASH_SOURCE[0]}")/../dist" && pwd)

# Starts a simulator with this many endpoints, and writes asset-host.toml into the current folder: the account
# `demo`, delivered to events.ndjson there. Sets `simulator` to its process, `url` and `client_id`, and exports
# SOPHOS_CLIENT_SECRET.
simulate() {
    exec 3< <(exec "$dist/sophos-central-simulator" --endpoints "$1")
    simulator=$!
    read -r url client_id SOPHOS_CLIENT_SECRET <&3
    export SOPHOS_CLIENT_SECRET
    cat >asset-host.toml <<TOML
[account.demo]
component = "$dist/sophos-assets.wasm"
allow_loopback_http = true
[account.demo.config]
client_id = "$client_id"
api_host = "$url"
token_url = "$url/api/v2/oauth2/token"
[account.demo.secrets]
client_secret = { env = "SOPHOS_CLIENT_SECRET" }
[account.demo.deliver]
to = "file"
path = "events.ndjson"
TOML
}
