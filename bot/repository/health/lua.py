"""Health rules in Lua as Argo CD has them: a script that sees `obj` and returns a table with `status` and `message`.

The dialect is 5.2, which is nearest to Argo CD's (gopher-lua: 5.1 with `goto`). There are `string`, `table`, `math` and
of `os` the clock: no files, no processes, no way to load what is not in the script. Each run has a state of its own, so
that none sees what another has left.
Source: https://github.com/argoproj/argo-cd/blob/master/util/lua/lua.go (runLua, ExecuteHealthLua)
"""

from __future__ import annotations

from typing import Any, Final

from lupa.lua52 import LuaError, LuaMemoryError, LuaRuntime

from bot.errors import Rejected
from bot.model.resources import JsonObject

_MEMORY: Final = 64 << 20
"""Bytes of one state; an object has at most 1.5 MiB, about ten times that as tables."""
_BYTES: Final = "latin-1"
"""Lua's texts are bytes, and a script may cut one in the middle of a character."""
_EXACT: Final = 1 << 53
_RUN: Final = """
local function copied(of, ...)
  local found = {}
  for _, name in ipairs({...}) do found[name] = of[name] end
  return found
end
return function(script, obj)
  local seen = copied(_G, "assert", "error", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawlen",
    "rawset", "select", "setmetatable", "getmetatable", "tonumber", "tostring", "type", "xpcall")
  seen._G, seen._VERSION, seen.obj, seen.actionParams = seen, "Lua 5.1", obj, {}
  seen.print = function() end
  string.dump = nil
  seen.math, seen.string = math, string
  seen.table = copied(table, "concat", "insert", "pack", "remove", "sort", "unpack")
  seen.table.getn = function(list) return #list end
  seen.unpack = table.unpack
  seen.os = copied(os, "clock", "date", "difftime", "time")
  seen.require = function(name) return seen[name] or error("there is no module " .. tostring(name), 0) end
  local rule, fault = load(script, "=rule", "t", seen)
  if not rule then return false, tostring(fault) end
  local fine, found = pcall(rule)
  if not fine then return false, tostring(found) end
  if found == nil then return true end
  if type(found) ~= "table" then return false, "it returns a " .. type(found) .. ", not a table" end
  if next(found) == nil then return true end
  return true, tostring(found.status), found.message ~= nil and tostring(found.message) or ""
end
"""


def judge(script: str, obj: JsonObject) -> tuple[str, str] | None:
    """Return the health and the words that a script finds; None when it finds none.

    Raises Rejected with Lua's words when it fails, MemoryError when it needs too much memory.
    """
    try:
        lua = LuaRuntime(
            encoding=_BYTES,
            unpack_returned_tuples=True,
            register_eval=False,
            register_builtins=False,
            max_memory=_MEMORY,
        )
        found = lua.execute(_RUN)(_bytes(script), lua.table_from(_value(obj), recursive=True))
    except LuaMemoryError as error:
        raise MemoryError from error
    except (LuaError, RecursionError) as error:
        raise Rejected(_text(str(error)) or "it is nested too deep") from error
    if found is True:
        return None
    fine, *rest = found
    if not fine:
        raise Rejected(_text(rest[0]))
    return _text(rest[0]), _text(rest[1])


def _value(value: Any) -> Any:
    """Return a JSON value as Lua takes it: texts as bytes, numbers as it has them, nothing for null."""
    if isinstance(value, str):
        return _bytes(value)
    if isinstance(value, dict):
        return {_bytes(name): _value(one) for name, one in value.items() if one is not None}
    if isinstance(value, list):
        return [_value(one) for one in value]
    return float(value) if isinstance(value, int) and abs(value) > _EXACT else value


def _bytes(text: str) -> str:
    return text.encode("utf-8", errors="replace").decode(_BYTES)


def _text(told: str) -> str:
    return told.encode(_BYTES, errors="replace").decode("utf-8", errors="replace")
