
# `cargo wasmport …` is completed like `cargo-wasmport …`.
function __cargo_wasmport_complete
    set -l words (commandline -opc)
    set -l at (contains -i -- wasmport $words)
    set -l rest $words[(math $at + 1)..]
    complete -C "cargo-wasmport "(string join ' ' -- (string escape -- $rest) (commandline -ct))
end

complete -c cargo -n '__fish_use_subcommand' -a wasmport -d 'Import WebAssembly files into Rust projects'
complete -c cargo -n '__fish_seen_subcommand_from wasmport' -f -a '(__cargo_wasmport_complete)'
