-- Slurm job_submit/lua: put the launcher in front of batch scripts of our partitions, and turn away
-- what such a partition cannot run. It is found beside slurm.conf (JobSubmitPlugins=lua) and runs in
-- slurmctld under its locks: no files, no programs.
--
-- Slurm lets a submission pass when this script raises an error. Nothing here may: every value may be
-- nil, and what a user wrote is never a format. What still slips through, the task_prolog stops.

local partitions = { ["vm"] = true } -- written by bivouac doctor --write-hooks
local launcher = "/usr/libexec/bivouac/bivouac-run --" -- written by bivouac doctor --write-hooks
local bundle = "/usr/libexec/bivouac/slurm/bundle" -- written by bivouac doctor --write-hooks
local steps = false -- written by bivouac doctor --write-hooks

local first_line = "#!" .. launcher .. "\n"

local function refuse(code, message)
   slurm.log_user("%s", "bivouac: " .. message)
   return code or slurm.ESLURM_ACCESS_DENIED
end

--- A number the user gave, or nil: Slurm says NO_VAL where she gave none.
local function given(number)
   if number == slurm.NO_VAL or number == slurm.INFINITE then
      return nil
   end
   return number
end

local function starts_with_launcher(script)
   return script ~= nil and script:sub(1, #first_line) == first_line
end

--- The partitions a job is about to ask for: those it names, its reservation's, or the default.
local function requested(job_desc, part_list)
   if job_desc.partition ~= nil and job_desc.partition ~= "" then
      return job_desc.partition
   end
   local name = job_desc.reservation
   local reservation = name ~= nil and slurm.reservations ~= nil and slurm.reservations[name]
   if reservation and reservation.partition ~= nil then
      return reservation.partition
   end
   for partition, record in pairs(part_list or {}) do
      if record.flag_default == 1 then
         return partition
      end
   end
   return ""
end

--- How many of a comma-separated list of partitions are ours, and how many are not.
local function count(list)
   local ours, others = 0, 0
   for name in (list or ""):gmatch("[^,]+") do
      if partitions[name] then
         ours = ours + 1
      else
         others = others + 1
      end
   end
   return ours, others
end

local function mixed(list)
   return refuse(nil, "partitions \"" .. list .. "\" mix virtual machines with others:"
                 .. " name either kind alone")
end

--- Whether a request cannot do with one node, by number or by names ("a,b", "a[1-2]", "a[1,2]").
local function needs_more_nodes(job_desc)
   local least = given(job_desc.min_nodes)
   local names = job_desc.req_nodes or ""
   return (least ~= nil and least > 1)
      or names:find(",", 1, true) ~= nil or names:find("%[[^%]]*%-") ~= nil
end

local function one_node_only(list)
   return refuse(slurm.ESLURM_INVALID_NODE_COUNT,
                 "a job in partition \"" .. list .. "\" is one virtual machine on one node:"
                 .. " ask for --nodes=1")
end

function slurm_job_submit(job_desc, part_list, submit_uid)
   local list = requested(job_desc, part_list)
   local ours, others = count(list)
   if ours == 0 then
      return slurm.SUCCESS
   end
   if others > 0 then
      return mixed(list)
   end
   if given(job_desc.het_job_offset) ~= nil then
      return refuse(nil, "heterogeneous jobs are not supported in partition \"" .. list .. "\"")
   end
   local script = job_desc.script
   local has_script = script ~= nil and script ~= ""
   if not has_script and not steps then
      return refuse(nil, "partition \"" .. list .. "\" runs batch scripts only, each in a virtual"
                    .. " machine: use sbatch instead of srun or salloc")
   end
   -- What leads a step into the machine is no container of the user's choice.
   local container = job_desc.container or ""
   if container ~= "" and (has_script or container ~= bundle) then
      return refuse(nil, "--container is not supported in partition \"" .. list .. "\"")
   end
   if needs_more_nodes(job_desc) then
      return one_node_only(list)
   end
   job_desc.max_nodes = 1
   -- An srun, by its container; salloc may ask for tasks as a way to ask for processors.
   if container ~= "" and (given(job_desc.num_tasks) or 1) > 1 then
      return refuse(nil, "a virtual machine takes one task: srun --ntasks=1 --cpus-per-task=N")
   end
   if not has_script then
      slurm.log_info("bivouac: job of uid %s for partition %s has a virtual machine for its step",
                     tostring(job_desc.user_id), list)
      return slurm.SUCCESS
   end
   -- slurmd would run the user's login files on the host, outside the virtual machine.
   local environment = job_desc.environment
   if environment ~= nil and environment["SLURM_GET_USER_ENV"] == "1" then
      environment["SLURM_GET_USER_ENV"] = "0"
   end
   if not starts_with_launcher(script) then
      -- A script dumped from another installation brings that one's launcher line along.
      script = script:gsub("^#![^\n]*/bivouac%-run [^\n]*\n", "", 1)
      job_desc.script = first_line .. script
   end
   slurm.log_info("bivouac: job of uid %s for partition %s goes into a virtual machine",
                  tostring(job_desc.user_id), list)
   return slurm.SUCCESS
end

--- Slurm cannot change a waiting job's script: with our line it belongs into our partitions, without
--- it into the others. (22.05 gives the message to slurmctld's log only, the user sees the code.)
function slurm_job_modify(job_desc, job_rec, part_list, modify_uid)
   local target = job_desc.partition
   local moves = target ~= nil and target ~= ""
   local list = moves and target or job_rec.partition or ""
   local ours, others = count(list)
   if moves then
      if ours > 0 and others > 0 then
         return mixed(list)
      end
      local wrapped = starts_with_launcher(job_rec.script)
      if wrapped and ours == 0 then
         return refuse(nil, "a job submitted for a virtual machine cannot move to"
                       .. " partition \"" .. list .. "\": submit it there anew")
      end
      if not wrapped and ours > 0 then
         return refuse(nil, "a job submitted for the host cannot move to"
                       .. " partition \"" .. list .. "\": submit it there anew")
      end
   end
   if ours > 0 then
      if needs_more_nodes(job_desc) then
         return one_node_only(list)
      end
      if moves or given(job_desc.max_nodes) ~= nil then
         job_desc.max_nodes = 1
      end
   end
   return slurm.SUCCESS
end

slurm.log_info("bivouac: job_submit.lua loaded")
return slurm.SUCCESS
