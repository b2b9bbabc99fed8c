#compdef %(prog_name)s

%(complete_func)s() {
    local -a reply values labels suffix
    local value label current=$PREFIX
    [[ $compstate[quote] == \' ]] || current=${(Q)PREFIX}
    reply=("${(@0)"$(
        env %(autocomplete_var)s=complete_zsh "${(Q)words[1]}" \
            "${(@Q)words[2,CURRENT-1]}" "$current" 2>/dev/null </dev/null
    )"}")
    # The first part says whether a blank follows a single match.
    [[ $reply[1] == open ]] && suffix=(-S '')
    for value label in "${(@)reply[2,-1]}"; do
        values+=("$value")
        labels+=("$label")
    done
    [[ $PREFIX == --*=* ]] && compset -P 1 '*='
    if (( ! $#values )); then
        _files
        return
    fi
    # Without -Q, compadd quotes each value for the command line.
    compadd -V values $suffix -l -d labels -a values
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
