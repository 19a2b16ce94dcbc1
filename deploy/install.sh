#!/usr/bin/env bash
# Installs govcloud from this folder, without any network: ./install.sh [directory, /opt/govcloud by default]
set -euo pipefail
umask 022 # the account that serves must be able to read what root installs
target=$(realpath --canonicalize-missing --no-symlinks -- "${1:-/opt/govcloud}")
cd "$(dirname "$0")"

python=${PYTHON:-python3}
built_for=$(cat built-for)
here=$("$python" -c 'import platform as p, sys; print("%d.%d %s" % (*sys.version_info[:2], p.machine()))') || {
  echo "install.sh: $python does not run; name a Python with PYTHON=/path/to/python3" >&2
  exit 1
}
if [ "$here" != "$built_for" ]; then
  echo "install.sh: this bundle is for Python $built_for, $python is $here; name another with PYTHON=, or make the bundle on a machine like this one" >&2
  exit 1
fi
sha256sum --check --quiet SHA256SUMS || {
  echo "install.sh: the bundle is damaged or was altered; copy it again" >&2
  exit 1
}

# Without ensurepip, which Debian keeps in a package of its own: pip comes from the bundle as well.
"$python" -m venv --without-pip "$target"
pip_wheel=$(echo wheels/pip-*.whl)
pip=("$target/bin/python" "$pip_wheel/pip" --disable-pip-version-check --quiet install --no-index --find-links wheels --no-deps)
"${pip[@]}" --require-hashes -r runtime.txt
"${pip[@]}" --force-reinstall wheels/govcloud-*.whl
"$target/bin/govcloud" --version
echo "installed in $target; next: docs/guide/operator.md (运维手册 docs/guide/operator.zh-CN.md) in $PWD"
