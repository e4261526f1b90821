"""What has to happen to jobs in Redis in one step, as Lua, so that two processes doing it at once lose nothing.

The keys and fields are RQ's own, in one Redis, not a cluster: RQ's workers take what is queued here, its tools show it.
A job's id ends in a slot: one request may run in slot 0 while an equal one waits in slot 1.
"""

from __future__ import annotations

from typing import Final

from rq.defaults import RQ_KEY_PREFIX

_COMMON: Final = f"""
local JOB, EXECUTION, RESULTS = "{RQ_KEY_PREFIX}:job:", "{RQ_KEY_PREFIX}:execution:", "{RQ_KEY_PREFIX}:results:"
local WORKER = "{RQ_KEY_PREFIX}:worker:"
local SLOTS = 8  -- beyond these a slot is looked at only when all of them are taken

-- Return what a job waits for or goes through; nothing when there is no such job. A hash without the job's data is what
-- somebody wrote to a job that was gone already.
local function status_of(id)
    local found = redis.call("HMGET", JOB .. id, "status", "data")
    return found[1] and found[2] and found[1]
end

local function forget(id)
    redis.call("DEL", JOB .. id, RESULTS .. id)
end

-- Let others see whether a worker is at work; one that was forgotten does not come back half.
local function show(worker, state)
    if redis.call("EXISTS", WORKER .. worker) == 1 then redis.call("HSET", WORKER .. worker, "state", state) end
end

-- Have a job wait where it is its turn. Lanes take turns: a lane's next job is of the round after that of its last one,
-- or of the round that has begun, and rounds grow along the queue. Where there is one lane, jobs wait as they came.
local function line_up(queue, id)
    local rounds, lane = "foresail:rounds:" .. queue, redis.call("HGET", JOB .. id, "lane") or ""
    local function round_at(place)
        return tonumber(redis.call("HGET", JOB .. redis.call("LINDEX", queue, place), "round") or 0)
    end
    local length = redis.call("LLEN", queue)
    if length == 0 then redis.call("DEL", rounds) end
    local begun = length > 0 and round_at(0) or 0
    local round = math.max(begun, (redis.call("HGET", rounds, lane) or 0) + 1)
    redis.call("HSET", rounds, lane, round)
    redis.call("HSET", JOB .. id, "round", round)
    if length == 0 or round_at(-1) <= round then return redis.call("RPUSH", queue, id) end
    local before, place = -1, length - 1  -- behind the one, and no further than in front of the other
    while place - before > 1 do
        local middle = math.floor((before + place) / 2)
        if round_at(middle) <= round then before = middle else place = middle end
    end
    return redis.call("LINSERT", queue, "BEFORE", redis.call("LINDEX", queue, place), id)
end
"""

ENQUEUE: Final = (
    _COMMON
    + """
-- KEYS: a delivery; then of each request its queue, intermediate queue, scheduled and failed jobs; at last all queues
-- ARGV: seconds the delivery is remembered, 0 for none; then of each request: id, for how many seconds it can wait,
-- number of words, field, value…
-- Returns 0 when the delivery is known, and then nothing is queued.
local remembered, at, key = tonumber(ARGV[1]), 2, 2
local now = redis.call("TIME")[1]
if remembered > 0 and redis.call("EXISTS", KEYS[1]) == 1 then return 0 end

local function is_in(list, id)
    return redis.call("LPOS", list, id) ~= false
end

-- Return whether a job of this id is still to begin, and whether the id can be given to a new one. A job that is said
-- to be queued and is in no list was lost by Redis itself (eviction): it must not stand in the way for ever.
local function look(id, patience, queue, between, scheduled)
    local status = status_of(id)
    if status == "queued" then
        local waits = is_in(queue, id) or is_in(between, id)
        return waits, not waits
    end
    if status == "scheduled" then
        local due = redis.call("ZSCORE", scheduled, id)
        return due and due - now <= patience and patience > 0, due == false
    end
    return false, status ~= "started"
end

local function enqueue(id, patience, fields, queue, between, scheduled, failed)
    local free, slot = nil, 0
    while slot < SLOTS or not free do
        local waits, is_free = look(id .. "-" .. slot, patience, queue, between, scheduled)
        if waits then return end
        if is_free and not free then free = id .. "-" .. slot end
        slot = slot + 1
    end
    forget(free)
    redis.call("ZREM", failed, free)
    redis.call("HSET", JOB .. free, unpack(fields))
    line_up(queue, free)
end

while at < #ARGV do
    local id, patience, words = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    enqueue(id, patience, {unpack(ARGV, at + 3, at + 2 + words)}, unpack(KEYS, key, key + 3))
    redis.call("SADD", KEYS[#KEYS], KEYS[key])
    at, key = at + 3 + words, key + 4
end
if remembered > 0 then redis.call("SET", KEYS[1], "1", "EX", remembered) end
return 1
"""
)

TAKE: Final = (
    _COMMON
    + """
-- KEYS: a queue, its intermediate queue and started jobs
-- ARGV: the id of a job that the worker has moved to the intermediate queue (empty: the first that waits, if any), the
-- worker, a name for its doing the job, seconds a sign of life counts, now in Unix seconds and in words
-- Returns the id and the fields of the job as it waited; it is begun by that. Nothing when there is none.
local queue, between, started = unpack(KEYS)
local moved, worker, name, life, now, words = unpack(ARGV)

local function begin(id)
    local execution, fields = id .. ":" .. name, redis.call("HGETALL", JOB .. id)
    redis.call("HSET", EXECUTION .. execution, "id", name, "job_id", id, "worker_name", worker,
        "created_at", now, "last_heartbeat", now)
    redis.call("EXPIRE", EXECUTION .. execution, life)
    redis.call("ZADD", started, now + life, execution)
    redis.call("SADD", WORKER .. worker .. ":executions", execution)
    redis.call("EXPIRE", WORKER .. worker .. ":executions", life + 60)
    redis.call("HSET", JOB .. id, "status", "started", "worker_name", worker,
        "started_at", words, "last_heartbeat", words)
    redis.call("PERSIST", JOB .. id)
    show(worker, "busy")
    return {id, fields}
end

local id = moved
if moved == "" then id = redis.call("LPOP", queue) else redis.call("LREM", between, 1, moved) end
while id do
    if status_of(id) then return begin(id) end
    id = redis.call("LPOP", queue)
end
return false
"""
)

LEAVE: Final = (
    _COMMON
    + """
-- KEYS: a job's queue, started and scheduled jobs
-- ARGV: the job's id, the worker that is done with it, the name of its doing that, seconds until the job is tried again
-- (empty: it is over), attempts
-- Nothing happens to a job that was given to another worker meanwhile: it is that one's now.
local id, worker, delay = ARGV[1], ARGV[2], tonumber(ARGV[4])
local execution = id .. ":" .. ARGV[3]
redis.call("DEL", EXECUTION .. execution)
redis.call("ZREM", KEYS[2], execution)
redis.call("SREM", WORKER .. worker .. ":executions", execution)
show(worker, "idle")
local found = redis.call("HMGET", JOB .. id, "status", "worker_name")
if found[1] ~= "started" or found[2] ~= worker then return 0 end

-- Return whether an equal job is to run anyway, later than now.
local function is_covered()
    local name = string.match(id, "^(.*)-%d+$")
    for slot = 0, SLOTS - 1 do
        local other = name .. "-" .. slot
        local status = other ~= id and status_of(other)
        if status == "queued" and redis.call("LPOS", KEYS[1], other) ~= false then return true end
        if status == "scheduled" and redis.call("ZSCORE", KEYS[3], other) ~= false then return true end
    end
    return false
end

if not delay or is_covered() then
    forget(id)
    return 1
end
local time = redis.call("TIME")
redis.call("HSET", JOB .. id, "status", "scheduled", "number_of_retries", ARGV[5])
redis.call("ZADD", KEYS[3], time[1] + time[2] / 1e6 + delay, id)
return 1
"""
)

HAS: Final = (
    _COMMON
    + """
-- KEYS: a queue, its intermediate queue and scheduled jobs
-- ARGV: a request's id
-- Returns 1 when a job of it waits, runs or is put off; one that Redis has lost from its lists does not.
for slot = 0, SLOTS - 1 do
    local id = ARGV[1] .. "-" .. slot
    local status = status_of(id)
    local waits = redis.call("LPOS", KEYS[1], id) ~= false or redis.call("LPOS", KEYS[2], id) ~= false
    if status == "started" or status == "queued" and waits then return 1 end
    if status == "scheduled" and redis.call("ZSCORE", KEYS[3], id) ~= false then return 1 end
end
return 0
"""
)

WITHDRAW: Final = (
    _COMMON
    + """
-- KEYS: a queue and its intermediate queue
-- ARGV: a request's id
-- Returns 0 when a job of it has begun or was taken, else 1.
local withdrawn = 1
for slot = 0, SLOTS - 1 do
    local id = ARGV[1] .. "-" .. slot
    if redis.call("LREM", KEYS[1], 1, id) > 0 then
        forget(id)
    elseif status_of(id) == "started" or redis.call("LPOS", KEYS[2], id) ~= false then
        withdrawn = 0
    end
end
return withdrawn
"""
)

MAINTAIN: Final = (
    _COMMON
    + """
-- KEYS: of each queue: itself, its intermediate queue, scheduled, started and failed jobs, since when jobs are taken
-- ARGV: now, seconds between taking a job and saying so, seconds a failed job is kept
-- Returns the ids of jobs that are queued again because their worker died.
local now, patience, kept = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local again = {}

local function queue_due(queue, scheduled)
    for _, id in ipairs(redis.call("ZRANGEBYSCORE", scheduled, "-inf", now, "LIMIT", 0, 1000)) do
        redis.call("ZREM", scheduled, id)
        if status_of(id) == "scheduled" then
            redis.call("HSET", JOB .. id, "status", "queued")
            line_up(queue, id)
        end
    end
end

-- Queue a job whose worker died, or count it as failed when that happened too often, even to who was to say so.
local function queue_again(id, queue, failed)
    table.insert(again, id)
    if tonumber(redis.call("HGET", JOB .. id, "retries_left") or 0) > 0 then
        redis.call("HINCRBY", JOB .. id, "retries_left", -1)
        redis.call("HSET", JOB .. id, "status", "queued")
        line_up(queue, id)
    else
        redis.call("HSET", JOB .. id, "status", "failed")
        redis.call("EXPIRE", JOB .. id, kept)
        redis.call("ZADD", failed, now + kept, id)
    end
end

-- Return which jobs run; queue again those whose worker gives no signs of life: its execution has expired, by the clock
-- of Redis, so that no other clock can be wrong.
local function queue_abandoned(queue, started, failed)
    local running, abandoned = {}, {}
    for _, entry in ipairs(redis.call("ZRANGE", started, 0, -1)) do
        local id = string.match(entry, "^(.*):")
        if redis.call("EXISTS", EXECUTION .. entry) == 1 then
            running[id] = true
        else
            redis.call("ZREM", started, entry)
            table.insert(abandoned, id)
        end
    end
    for _, id in ipairs(abandoned) do
        if not running[id] and status_of(id) == "started" then queue_again(id, queue, failed) end
    end
    return running
end

-- Put back a job that was taken and not begun for so long that its worker must have died in between.
local function put_back(id, queue, between, seen)
    redis.call("HSETNX", seen, id, now)
    if now - redis.call("HGET", seen, id) < patience then return true end
    redis.call("LREM", between, 1, id)
    if status_of(id) == "queued" then line_up(queue, id) end
    return false
end

local function free_stuck(queue, between, seen, running)
    local stays = {}
    for _, id in ipairs(redis.call("LRANGE", between, 0, -1)) do
        if not status_of(id) then
            redis.call("LREM", between, 1, id)
        elseif not running[id] then
            stays[id] = put_back(id, queue, between, seen)
        end
    end
    for _, id in ipairs(redis.call("HKEYS", seen)) do
        if not stays[id] then redis.call("HDEL", seen, id) end
    end
end

for key = 1, #KEYS, 6 do
    local queue, between, scheduled, started, failed, seen = unpack(KEYS, key, key + 5)
    queue_due(queue, scheduled)
    free_stuck(queue, between, seen, queue_abandoned(queue, started, failed))
    redis.call("ZREMRANGEBYSCORE", failed, "-inf", now)
end
return again
"""
)
