# Installs what the other scripts need, once, and says what it does. Sourced by them; the working directory is the repository's root.

# The oldest Rust that the workspace takes, as its Cargo.toml says.
RUST_WANTED="$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)"

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() { warn "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "This needs root, and there is no sudo: $*"
    fi
}

# need_command COMMAND PACKAGE: notes the Debian package that brings a missing command.
MISSING_PACKAGES=()
need_command() {
    have "$1" || MISSING_PACKAGES+=("$2")
}

need_python_venv() {
    if ! have python3; then
        MISSING_PACKAGES+=(python3 python3-venv)
    elif ! python3 -c 'import ensurepip, venv' >/dev/null 2>&1; then
        MISSING_PACKAGES+=(python3-venv)
    fi
}

# Installs the packages noted so far.
install_packages() {
    [ ${#MISSING_PACKAGES[@]} -gt 0 ] || return 0
    say "Installing Debian packages: ${MISSING_PACKAGES[*]}"
    have apt-get || die "There is no apt-get here. Please install by hand: ${MISSING_PACKAGES[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${MISSING_PACKAGES[@]}" >/dev/null
    MISSING_PACKAGES=()
}

# Whether there is a Rust that is new enough.
rust_is_there() {
    local version
    version="$(cargo --version 2>/dev/null | cut -d' ' -f2)" || return 1
    [ -n "$version" ] && [ "$(printf '%s\n%s\n' "$RUST_WANTED" "$version" | sort -V | head -n 1)" = "$RUST_WANTED" ]
}

# ensure_rust [COMPONENT...]: a toolchain that is there and new enough is left as it is.
ensure_rust() {
    if [ -f "${CARGO_HOME:-$HOME/.cargo}/env" ]; then
        . "${CARGO_HOME:-$HOME/.cargo}/env"
    fi
    if ! rust_is_there; then
        if have rustup; then
            say "Installing the stable Rust with rustup: this one is older than $RUST_WANTED"
            rustup toolchain install --profile minimal stable
            export RUSTUP_TOOLCHAIN=stable
        else
            say "Installing Rust with rustup, for this user, into ${CARGO_HOME:-$HOME/.cargo}"
            curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --quiet --profile minimal --no-modify-path ||
                die "Rust could not be installed. Lambent needs Rust $RUST_WANTED or newer: https://www.rust-lang.org/tools/install"
            . "${CARGO_HOME:-$HOME/.cargo}/env"
        fi
        rust_is_there || die "Lambent needs Rust $RUST_WANTED or newer; found: $(cargo --version 2>&1)"
    fi
    local component
    for component in "$@"; do
        cargo "$component" --version >/dev/null 2>&1 && continue
        have rustup || die "cargo $component is missing, and there is no rustup to install it with"
        say "Installing the Rust component $component"
        rustup component add "$component"
    done
}

# ensure_venv DIRECTORY REQUIREMENTS: a Python environment with just these packages; made again when they change.
ensure_venv() {
    local directory="$1" requirements="$2" python=python3
    # The system's own Python is one that other users of this host can run, too.
    [ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null && python=/usr/bin/python3
    if cmp -s "$requirements" "$directory/installed.txt"; then
        return 0
    fi
    say "Installing the Python packages of $requirements into $directory"
    "$python" -m venv --clear "$directory"
    "$directory/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
    cp "$requirements" "$directory/installed.txt"
}
