-- Slurm cli_filter/lua: lets every step of our partitions ask for the container whose runtime is the launcher
-- (oci.conf), so that it runs in the job's machine. It is found beside slurm.conf (CliFilterPlugins=lua) and runs
-- in the user's own sbatch, salloc and srun. It is a convenience: what a step without the container is on the
-- node, the task_prolog stops.

local partitions = { ["vm"] = true } -- written by bivouac doctor --write-hooks
local bundle = "/usr/libexec/bivouac/slurm/bundle" -- written by bivouac doctor --write-hooks

--- Whether one of the partitions is ours; a list that mixes them is turned away by the controller.
local function is_ours(list)
   for name in (list or ""):gmatch("[^,]+") do
      if partitions[name] then
         return true
      end
   end
   return false
end

function slurm_cli_setup_defaults(options, early_pass)
   return slurm.SUCCESS
end

--- A step belongs to the job it is started in, whatever partition it names.
function slurm_cli_pre_submit(options, offset)
   if options["type"] == "srun" then
      local job = os.getenv("SLURM_JOB_PARTITION")
      if is_ours(job or options["partition"]) then
         options["container"] = bundle
      end
   end
   return slurm.SUCCESS
end

function slurm_cli_post_submit(offset, job_id, step_id)
   return slurm.SUCCESS
end
