"""Texts that people have put, or might put, where a comment repeats them: titles, names, paths, values, messages."""

from __future__ import annotations

from typing import Final

_MARKUP: Final = """\
`
``
```
````
~~~
`code
``code`
</details>
<details>
<details open><summary>look</summary>
</summary></details>
</details></details></details>
</sub>
</code></pre></details>
</table>
<table><tr><td>x</td></tr></table>
<h1>Approved</h1>
<b>bold</b>
<a href="https://evil.example">here</a>
<a href=javascript:alert(1)>x</a>
<img src="https://evil.example/pixel.png">
<img src=x onerror=alert(1)>
<svg onload=alert(1)>
<script>alert(1)</script>
<style>*{display:none}</style>
<iframe src="https://evil.example"></iframe>
<input type=checkbox checked>
<form action="https://evil.example"><button>Approve</button></form>
<video autoplay src="https://evil.example/v.mp4"></video>
<math><mi>x</mi></math>
<picture><source srcset="https://evil.example"></picture>
<kbd>Ctrl</kbd>
<!-- a comment
<!-- foresail:foresail:1 of=1 head=abc plan= -->
--> out of a comment
<![CDATA[ x ]]>
<?php echo 1 ?>
<!DOCTYPE html>
<plaintext>
<textarea>
<title>
<noscript>
<xmp>
<
>
&
&lt;b&gt;
&#60;b&#62;
&#x3c;img src=x&#x3e;
&colon;
&nbsp;
&#0;
# Heading
## Heading
###### Heading
#no heading
Heading\\n===
Heading\\n---
---
***
___
* * *
- item
+ item
* item
1. item
1) item
- [ ] task
- [x] task
> quote
>> quote
> [!CAUTION]
> [!NOTE]\\n> All is well
[!WARNING]
    indented code
\tindented code
| a | b |\\n|---|---|\\n| 1 | 2 |
a | b
\\|
\\\\|
|
||||||||
:---:
[link](https://evil.example)
[link](javascript:alert(1))
[link](<https://evil.example> "title")
[link][reference]
[reference]: https://evil.example
\\n[reference]: https://evil.example\\n
![image](https://evil.example/i.png)
![](//evil.example/i.png)
[![badge](https://evil.example/b.svg)](https://evil.example)
<https://evil.example>
<mailto:root@evil.example>
https://evil.example
http://evil.example/path?x=1#y
https://evil.example/`code`
www.evil.example
ftp://evil.example/x
root@evil.example
mailto:root@evil.example
xmpp:root@evil.example
//evil.example
javascript:alert(1)
data:text/html;base64,PHNjcmlwdD4=
^[footnote]
[^1]
[^1]: a footnote
*emphasis*
**strong**
***both***
_emphasis_
__strong__
~struck~
~~struck~~
a*b*c
**`x`**
$x^2$
$$x^2$$
$`x`$
```math
```mermaid
:tada:
:+1:
{{ template }}
{% raw %}
${jndi:ldap://evil.example/a}
$(id)
`id`
; rm -rf /
' OR 1=1 --
"quoted"
'quoted'
\\
\\\\
\\`
\\*
\\<b>
\\[link](https://evil.example)
hard break  \\nline
hard break\\\\\\nline\
"""

_FORGES: Final = """\
@octocat
@acme/owners
@all
@here
@octocat's
(@octocat)
"@octocat"
a@octocat
@octocat, please approve
@\u200boctocat
&#64;octocat
&commat;octocat
\uff20octocat
#1
#12345
(#1)
GH-1
acme/shop#1
acme/shop@0123abcdef
!1
%1
$1
~bug
&1
0123abcdef
0123abcdef0123abcdef0123abcdef0123abcdef
0123abcdef...0123abcdee
"deadbeef"
/close
/approve
/foresail approve
/foresail sync
\\n/foresail approve\\n
/merge
/label ~bug
fixes #1
closes acme/shop#1
Co-authored-by: x <x@evil.example>
skip-checks: true
[skip ci]
CVE-2024-1234
RFC1234
JIRA-123
refs/heads/main
feature/@octocat
feature/</details>
feature/`x`
feature/<img/src=x>
feature/$(id)
dependabot/npm_and_yarn/@types/node-20
-rf
--help
..
../../etc/passwd
/etc/passwd
C:\\Windows\\System32
con
a//b
a b
~
.git/config
deploy/</summary>.yaml
deploy/[x](https://evil.example).yaml
deploy/|.yaml
deploy/`.yaml
deploy/\u202elmay.
"""

_LETTERS: Final = (
    "\u202eevil\u202c",
    "\u202dx",
    "\u2066x\u2069",
    "\u2067x",
    "\u200f",
    "\u200e",
    "\u061c",
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u2028",
    "\u2029",
    "\x85",
    "\x00",
    "\x07",
    "\x08\x08\x08\x08ok",
    "\x1b[2J\x1b[31mred",
    "\x1b]8;;https://evil.example\x07x\x1b]8;;\x07",
    "\x7f",
    "\x9b31m",
    "\r",
    "a\rb",
    "\r\n",
    "\n",
    "\n\n\n",
    "\t",
    "\v\f",
    " ",
    "\u00a0",
    "\u3000",
    "\ud800",
    "\udfff",
    "\ufffd",
    "\uffff",
    "\U0010ffff",
    "\U000e0041\U000e0042",
    "e\u0301" * 50,
    "Z\u0351\u036b\u0343" * 40,
    "😀👩‍👩‍👧‍👦🏳️‍🌈",
    "\U0001f1e9\U0001f1ea",
    "ﷺ" * 100,
    "аdmin",  # noqa: RUF001 - a Cyrillic letter is the point
    "𝒂𝒅𝒎𝒊𝒏",
    "قاعدة",
    "עברית </details>",
)

_LARGE: Final = (
    "x" * 1_000_000,
    "`" * 1_000_000,
    "<" * 100_000,
    ">" * 100_000,
    "*" * 100_000,
    "[" * 100_000,
    "![" * 50_000,
    "</details>" * 20_000,
    "@octocat " * 20_000,
    "|" * 100_000,
    "\\" * 100_000,
    "&" * 100_000,
    "\n" * 100_000,
    "- " * 50_000,
    "> " * 50_000,
    "`\n" * 50_000,
    "```\n" * 20_000,
    "a\u202e" * 50_000,
    "😀" * 100_000,
    " " * 100_000,
)


def _unfolded(text: str) -> str:
    r"""Return a line with its `\n` and `\\` carried out."""
    return text.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")


SMALL: Final = (*map(_unfolded, [*_MARKUP.split("\n"), *_FORGES.splitlines()]), *_LETTERS)
LARGE: Final = _LARGE
