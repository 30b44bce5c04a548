# Lists of Debian packages, for the scripts that read them. One entry a line; `#` begins a comment. `a | b` are names in
# different releases, of which the first that there is counts; after `| -` a release may have none.

# entries_of LIST: its entries, without comments and blanks.
entries_of() {
    sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$1"
}

# names_in ENTRY...: all names, one a line.
names_in() {
    printf '%s\n' "$@" | tr '|' '\n' | sed '/^-$/d'
}

# first_known ENTRY: the first of its names that apt knows; nothing where it need not know one; status 1 otherwise.
first_known() {
    for name in $(printf '%s' "$1" | tr '|' ' '); do
        [ "$name" = - ] && return 0
        if apt-cache show "$name" >/dev/null 2>&1; then
            printf '%s\n' "$name"
            return 0
        fi
    done
    return 1
}
