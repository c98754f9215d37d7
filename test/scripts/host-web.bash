# shellcheck shell=bash
# Each test begins with the host `web` installed and set up; the key is made once for all tests of a file.

load host-stage

setup_file() { make_key "$BATS_FILE_TMPDIR/key"; }

setup() {
  stage
  set_up
}
