%(complete_func)s() {
    local line
    COMPREPLY=()
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(
        env %(autocomplete_var)s=complete_bash COMPLETE_LINE="${COMP_LINE:0:COMP_POINT}" \
            COMPLETE_BREAKS="$COMP_WORDBREAKS" COMPLETE_TYPE="$COMP_TYPE" \
            "$1" 2>/dev/null </dev/null
    )
    # The first line says whether a blank follows a single match.
    [[ ${COMPREPLY[0]} == open ]] && compopt -o nospace 2>/dev/null
    COMPREPLY=("${COMPREPLY[@]:1}")
}

complete -o default -o nosort -F %(complete_func)s %(prog_name)s 2>/dev/null ||
    complete -o default -F %(complete_func)s %(prog_name)s
