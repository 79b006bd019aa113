
# `cargo wasmport …` is completed like `cargo-wasmport …`. Other commands are left to the completion of cargo.
: "${__cargo_wasmport_other:=}"

# Prints the function that completes a command.
__cargo_wasmport_function() {
    local spec
    spec=$(complete -p "$1" 2>/dev/null) || return 0
    if [[ $spec =~ -F\ ([^\ ]+) ]]; then
        echo "${BASH_REMATCH[1]}"
    fi
}

__cargo_wasmport_find_other() {
    local found
    found=$(__cargo_wasmport_function cargo)
    [[ $found == __cargo_wasmport ]] || __cargo_wasmport_other=$found
}

__cargo_wasmport_register() {
    complete -F __cargo_wasmport -o bashdefault -o default cargo
}

__cargo_wasmport() {
    # A toolchain may stand in front of the command.
    local at=1
    [[ ${COMP_WORDS[1]} == +* ]] && at=2
    if ((COMP_CWORD > at)) && [[ ${COMP_WORDS[at]} == wasmport ]]; then
        COMP_WORDS=(cargo-wasmport "${COMP_WORDS[@]:at+1}")
        COMP_CWORD=$((COMP_CWORD - at))
        "$__cargo_wasmport_own" cargo-wasmport "$2" "$3"
        return
    fi
    if [[ -z $__cargo_wasmport_other ]] && declare -F _completion_loader >/dev/null; then
        # The completion of cargo is loaded when it is first needed.
        complete -r cargo
        _completion_loader cargo
        __cargo_wasmport_find_other
        __cargo_wasmport_register
    fi
    if [[ -n $__cargo_wasmport_other ]]; then
        "$__cargo_wasmport_other" "$@"
    elif ((COMP_CWORD == at)); then
        COMPREPLY=($(compgen -W wasmport -- "$2"))
    fi
}

__cargo_wasmport_own=$(__cargo_wasmport_function cargo-wasmport)
__cargo_wasmport_find_other
__cargo_wasmport_register
