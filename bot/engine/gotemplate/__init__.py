"""Go's text/template with sprig's functions, as Argo CD renders ApplicationSets: no code runs, nothing is looked up.

Templates are hostile input. They see mappings, lists, text, numbers, booleans and nothing else; steps, output and depth
are bounded. Sources: `text/template` of Go 1.26, `github.com/Masterminds/sprig/v3` 3.3, `fmt`, `encoding/json`.
"""
