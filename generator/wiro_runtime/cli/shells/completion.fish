function %(complete_func)s
    set -l words (commandline -opc)
    set -l current (commandline -ct | string collect --allow-empty)
    set -l program $words[1]
    set -e words[1]
    set -l reply (
        env %(autocomplete_var)s=complete_fish $program $words "$current" 2>/dev/null </dev/null |
        string split0
    )
    # Behind the last separator is the end of the line.
    set -e reply[-1]
    if test (count $reply) -eq 0
        set -l option (string match --regex -- '^--[^=]*=' "$current")
        for path in (__fish_complete_path (string replace -- "$option" '' "$current"))
            printf '%%s\n' "$option$path"
        end
        return
    end
    # fish quotes each value for the command line.
    printf '%%s\0' $reply | string split0
end

complete --command %(prog_name)s --no-files --keep-order --arguments '(%(complete_func)s)'
