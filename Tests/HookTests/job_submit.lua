-- Runs hooks/slurm/job_submit.lua with a stand-in for slurmctld's `slurm` table, and exits not zero when
-- it does anything else than is said here: lua5.1 job_submit.lua PATH-OF-THE-HOOK

local messages = {}
local function format(...)
   return string.format(unpack({ ... }))
end
slurm = {
   SUCCESS = 0, ERROR = -1, ESLURM_ACCESS_DENIED = 2002, ESLURM_INVALID_NODE_COUNT = 2006,
   NO_VAL = 4294967294, INFINITE = 4294967295,
   reservations = { weekend = { partition = "vm" } },
   log_user = function(...) messages[#messages + 1] = format(...) end,
   log_info = format,
}
assert(dofile(arg[1]) == slurm.SUCCESS)

local accepted, denied, nodes = 0, 2002, 2006
local line = "#!/usr/libexec/bivouac/bivouac-run --\n"
local plain = "#!/bin/sh\necho\n"
local partitions = { normal = { flag_default = 1 }, vm = { flag_default = 0 } }
local failures, count = 0, 0

local function same(what, found, expected)
   count = count + 1
   if found ~= expected then
      failures = failures + 1
      print(what .. ": " .. tostring(found) .. " instead of " .. tostring(expected))
   end
end

local function job(fields)
   local all = { min_nodes = slurm.NO_VAL, max_nodes = slurm.NO_VAL, het_job_offset = slurm.NO_VAL,
                 script = plain, environment = {}, user_id = 1000 }
   for name, value in pairs(fields) do all[name] = value end
   return all
end

local function submit(what, fields, code, script)
   local one = job(fields)
   same(what, slurm_job_submit(one, partitions, 1000), code)
   same(what .. ", its script", one.script, script or fields.script or plain)
   return one
end

local one = submit("a batch script of ours is wrapped", { partition = "vm" }, accepted, line .. plain)
same("it gets one node", one.max_nodes, 1)
submit("a wrapped script stays as it is", { partition = "vm", script = line .. plain }, accepted)
submit("another installation's line is replaced",
       { partition = "vm", script = "#!/opt/p/libexec/bivouac/bivouac-run --root=/r --\n" .. plain },
       accepted, line .. plain)
submit("CRLF stays", { partition = "vm", script = "#!/bin/sh\r\n" }, accepted, line .. "#!/bin/sh\r\n")
submit("another partition's script is left alone", { partition = "normal" }, accepted)
one = submit("and so is its node count", { partition = "normal", max_nodes = 4 }, accepted)
same("not limited", one.max_nodes, 4)
submit("the default partition is not ours", {}, accepted)
partitions.normal.flag_default, partitions.vm.flag_default = 0, 1
submit("the default partition is ours", {}, accepted, line .. plain)
partitions.normal.flag_default, partitions.vm.flag_default = 1, 0
submit("a reservation's partition is ours", { reservation = "weekend" }, accepted, line .. plain)
submit("an unknown reservation", { reservation = "never" }, accepted)
submit("ours twice", { partition = "vm,vm" }, accepted, line .. plain)
submit("ours mixed with another", { partition = "vm,normal" }, denied)
submit("a partition's name is no format", { partition = "vm,%s%n%d" }, denied)
submit("a heterogeneous job", { partition = "vm", het_job_offset = 0 }, denied)
submit("a container", { partition = "vm", container = "/bundle" }, denied)
submit("two nodes", { partition = "vm", min_nodes = 2 }, nodes)
submit("a list of nodes", { partition = "vm", req_nodes = "a,b" }, nodes)
submit("a range of nodes", { partition = "vm", req_nodes = "a[1-2]" }, nodes)
submit("one node by name", { partition = "vm", req_nodes = "node-1" }, accepted, line .. plain)
one = submit("one to four nodes", { partition = "vm", min_nodes = 1, max_nodes = 4 }, accepted, line .. plain)
same("are one", one.max_nodes, 1)
one = submit("the user's login files", { partition = "vm", environment = { SLURM_GET_USER_ENV = "1" } },
             accepted, line .. plain)
same("are not run", one.environment.SLURM_GET_USER_ENV, "0")
one = submit("who asked for none", { partition = "vm" }, accepted, line .. plain)
same("gets no variable", one.environment.SLURM_GET_USER_ENV, nil)
same("salloc and srun", slurm_job_submit({ partition = "vm", min_nodes = 1 }, partitions, 1000), denied)
same("an empty script", slurm_job_submit({ partition = "vm", script = "" }, partitions, 1000), denied)
same("nothing at all", slurm_job_submit({}, nil, 0), accepted)
same("no partitions known", slurm_job_submit({ partition = "vm", script = plain }, nil, 0), accepted)

-- The same hook once `bivouac doctor --write-hooks` has found that steps can run in machines.
local file = assert(io.open(arg[1]))
local text, found = file:read("*a"):gsub("local steps = false", "local steps = true")
same("the line that is rewritten", found, 1)
assert(loadstring(text))()
local bundle = "/usr/libexec/bivouac/slurm/bundle"
local step = { partition = "vm", min_nodes = 1, max_nodes = 3, user_id = 1000 }
same("salloc", slurm_job_submit(step, partitions, 1000), accepted)
same("has no script afterwards either", step.script, nil)
same("and one node", step.max_nodes, 1)
same("srun", slurm_job_submit({ partition = "vm", container = bundle }, partitions, 1000), accepted)
same("srun with another container", slurm_job_submit({ partition = "vm", container = "/b" }, partitions, 1000), denied)
same("srun of two tasks", slurm_job_submit({ partition = "vm", container = bundle, num_tasks = 2 }, partitions, 1000), denied)
same("salloc of two", slurm_job_submit({ partition = "vm", num_tasks = 2 }, partitions, 1000), accepted)
same("srun of as many as come", slurm_job_submit({ partition = "vm", container = bundle, num_tasks = slurm.NO_VAL }, partitions, 1000), accepted)
same("salloc of two nodes", slurm_job_submit({ partition = "vm", min_nodes = 2 }, partitions, 1000), nodes)
same("salloc of others", slurm_job_submit({ partition = "normal", container = "/b" }, partitions, 1000), accepted)
submit("a script with our container", { partition = "vm", container = bundle }, denied)
submit("a script", { partition = "vm" }, accepted, line .. plain)

local function modify(what, change, record, code)
   same(what, slurm_job_modify(change, record, partitions, 1000), code)
end

local ours, others = { partition = "vm", script = line .. plain }, { partition = "normal", script = plain }
modify("a change without a partition", { time_limit = 5 }, ours, accepted)
modify("from ours to another", { partition = "normal" }, ours, denied)
modify("from another to ours", { partition = "vm" }, others, denied)
modify("an allocation to ours", { partition = "vm" }, { partition = "normal" }, denied)
modify("to ours and another", { partition = "vm,normal" }, ours, denied)
modify("from ours to ours", { partition = "vm" }, ours, accepted)
modify("among others", { partition = "a,b" }, others, accepted)
modify("a wrapped script back to ours", { partition = "vm" }, { partition = "normal", script = line }, accepted)
modify("two nodes later", { min_nodes = 2, max_nodes = 2 }, ours, nodes)
modify("two nodes of another", { min_nodes = 2, max_nodes = 2 }, others, accepted)
local change = { min_nodes = 1, max_nodes = 3 }
modify("one to three nodes later", change, ours, accepted)
same("are one as well", change.max_nodes, 1)
modify("nothing known", {}, {}, accepted)

for _, message in ipairs(messages) do
   same("every message names who speaks", message:sub(1, 9), "bivouac: ")
end
print(count .. " checks, " .. failures .. " failed")
os.exit(failures == 0 and 0 or 1)
