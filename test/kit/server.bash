# shellcheck shell=bash
# A server that answers as a test says.

load ../support/expect

# a_server ARGUMENT...: on a free port of the loopback, which is in ./port, until $server is ended. What its class has is
# standard input, in Python: do_GET and its like, which may call self.send(STATUS, BODY)
a_server() {
  rm -f port
  /usr/bin/python3 -c "
import http.server, sys
class Server(http.server.BaseHTTPRequestHandler):
    def send(self, status, body):
        self.send_response(status)
        self.send_header('content-length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)
    def log_message(self, *_): pass
$(cat)
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Server)
print(server.server_port, flush=True)
server.serve_forever()" "$@" >port 3>&- &
  server=$!
  wait_for test -s port
}

# relay KIND ENDPOINT [CERTIFICATE KEY]: starts relay.py; its port is in $port, what it says in KIND.said
relay() {
  local kind=$1 s3=$2
  shift 2
  /usr/bin/python3 "$BATS_TEST_DIRNAME/relay.py" "$BATS_TEST_TMPDIR/$kind" "${s3##*:}" "$kind" "$@" >"$BATS_TEST_TMPDIR/$kind.said" 2>&1 3>&- &
  relays+=($!)
  wait_for test -s "$BATS_TEST_TMPDIR/$kind"
  port=$(cat "$BATS_TEST_TMPDIR/$kind")
}

end_relays() {
  local one
  for one in "${relays[@]}"; do kill "$one" 2>/dev/null || true; done
  relays=()
}
