Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $start = $commandAst.Extent.StartOffset
    $line = $commandAst.Extent.Text
    $length = $cursorPosition - $start
    # A cursor behind the last word stands behind blanks that are no part of the command.
    $line = if ($length -gt $line.Length) { $line + ' ' } else { $line.Substring(0, $length) }
    $env:%(autocomplete_var)s = 'complete_powershell'
    $env:COMPLETE_LINE = $line
    try {
        & $commandAst.GetCommandName() 2>$null | ConvertFrom-Json | ForEach-Object {
            [System.Management.Automation.CompletionResult]::new(
                $_.text, $_.shown, 'ParameterValue', $_.label)
        }
    } finally {
        Remove-Item Env:%(autocomplete_var)s, Env:COMPLETE_LINE
    }
}
