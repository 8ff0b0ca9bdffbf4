-- Runs hooks/slurm/cli_filter.lua with a stand-in for srun's `slurm` table, and exits not zero when it does
-- anything else than is said here: lua5.1 cli_filter.lua PATH-OF-THE-HOOK

slurm = { SUCCESS = 0, ERROR = -1 }
local inside
os.getenv = function(name)
   return name == "SLURM_JOB_PARTITION" and inside or nil
end
dofile(arg[1])

local bundle = "/usr/libexec/bivouac/slurm/bundle"
local failures = 0
local function container(what, options, expected)
   local found = slurm_cli_pre_submit(options, 0) == slurm.SUCCESS and options.container
   if found ~= expected then
      failures = failures + 1
      print(what .. ": " .. tostring(found) .. " instead of " .. tostring(expected))
   end
end

container("a step of ours", { type = "srun", partition = "vm" }, bundle)
container("among others of ours", { type = "srun", partition = "x,vm" }, bundle)
container("another partition's", { type = "srun", partition = "normal", container = "/mine" }, "/mine")
container("the default partition's", { type = "srun" }, nil)
container("a batch script", { type = "sbatch", partition = "vm" }, nil)
container("an allocation", { type = "salloc", partition = "vm" }, nil)
inside = "vm"
container("in a job of ours", { type = "srun" }, bundle)
container("in a job of ours, whatever it names", { type = "srun", partition = "normal" }, bundle)
inside = "normal"
container("in another's job, whatever it names", { type = "srun", partition = "vm" }, nil)
assert(slurm_cli_setup_defaults({}, true) == slurm.SUCCESS)
assert(slurm_cli_post_submit(0, 1, 0) == slurm.SUCCESS)
os.exit(failures == 0 and 0 or 1)
