// A SPANK plugin for Slurm, see spank(7); a site can do without it.
//
// In sbatch, srun and salloc it adds --vm-image, which reaches the Prolog as SPANK_BIVOUAC_IMAGE. On a node, as the
// job's user and before her task, it lets nothing but the launcher run in a partition of ours; from Slurm 23.11 on
// it puts the launcher in front of a step itself. It is built for one release of Slurm: hooks/slurm/spank/build.

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <slurm/slurm.h>
#include <slurm/spank.h>

SPANK_PLUGIN(bivouac, 1);

enum { LONGEST = 4096, PARTITIONS = 256 };

// task_prolog.conf, written by `bivouac doctor --write-hooks`.
struct settings {
    char text[1 << 16];
    const char *root, *launcher, *cluster, *spool;
    const char *partitions[PARTITIONS];
    int count;
};

static struct settings settings;
static char image[256];

// -- in sbatch, srun and salloc ----------------------------------------------------------------------------

static int take_image(int value, const char *text, int remote) {
    (void)value;
    if (remote) return 0;
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/");
    if (length == 0 || length >= sizeof image || text[length] != '\0') {
        slurm_error("bivouac: BadImageName: --vm-image wants LIST/ALIAS or LIST/UUID");
        return -1;
    }
    memcpy(image, text, length + 1);
    return 0;
}

int slurm_spank_init(spank_t spank, int argc, char **argv) {
    (void)argc, (void)argv;
    static struct spank_option option = {
        .name = "vm-image", .arginfo = "LIST/ALIAS", .usage = "image of the job's virtual machine",
        .has_arg = 1, .cb = take_image};
    spank_context_t context = spank_context();
    if (context != S_CTX_LOCAL && context != S_CTX_ALLOCATOR && context != S_CTX_REMOTE) return ESPANK_SUCCESS;
    return spank_option_register(spank, &option);
}

int slurm_spank_init_post_opt(spank_t spank, int argc, char **argv) {
    (void)argc, (void)argv;
    if (image[0] == '\0' || spank_context() == S_CTX_REMOTE) return ESPANK_SUCCESS;
    return spank_job_control_setenv(spank, "BIVOUAC_IMAGE", image, 1);
}

// -- on a node ---------------------------------------------------------------------------------------------

// Reads a file that nobody but root can have written; its length, or -1.
static ssize_t read_trusted(const char *path, char *text, size_t size) {
    struct stat status;
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t length = -1;
    if (fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == 0 && !(status.st_mode & 022))
        length = read(file, text, size);
    close(file);
    return length;
}

// The value of a line that begins with this word and a space.
static const char *value(const char *line, const char *word) {
    size_t length = strlen(word);
    return strncmp(line, word, length) == 0 && line[length] == ' ' ? line + length + 1 : NULL;
}

static bool read_settings(const char *path) {
    ssize_t length = read_trusted(path, settings.text, sizeof settings.text - 1);
    if (length <= 0 || length == sizeof settings.text - 1) return false;
    settings.text[length] = '\0';
    settings.count = 0;
    const char *found;
    for (char *rest = settings.text, *line; (line = strsep(&rest, "\n")) != NULL;) {
        if ((found = value(line, "root"))) settings.root = found;
        if ((found = value(line, "launcher"))) settings.launcher = found;
        if ((found = value(line, "cluster"))) settings.cluster = found;
        if ((found = value(line, "spool"))) settings.spool = found;
        if ((found = value(line, "partition"))) {
            if (settings.count == PARTITIONS) return false;
            settings.partitions[settings.count++] = found;
        }
    }
    return settings.root && settings.launcher && settings.cluster && settings.spool && settings.count > 0;
}

// What the environment says can make a task ours and never the contrary.
static bool is_ours(spank_t spank, uint32_t job) {
    char partition[LONGEST], path[LONGEST];
    struct stat status;
    if (spank_getenv(spank, "SLURM_JOB_PARTITION", partition, sizeof partition) == ESPANK_SUCCESS)
        for (int i = 0; i < settings.count; i++)
            if (strcmp(settings.partitions[i], partition) == 0) return true;
    int length = snprintf(path, sizeof path, "%s/run/bivouac/jobs/%s-%u", settings.root, settings.cluster, job);
    return length >= (int)sizeof path || lstat(path, &status) == 0;
}

// Where slurmd puts the script of a batch job.
static bool script(uint32_t job, char *path, size_t size) {
    return snprintf(path, size, "%s/job%05u/slurm_script", settings.spool, job) < (int)size;
}

// Whether the script's first line is exactly the launcher's.
static bool is_wrapped(const char *path) {
    char line[LONGEST], start[LONGEST];
    const char *root = settings.root;
    int wanted = snprintf(
        line, sizeof line, "#!%s %s%s%s--\n", settings.launcher, *root ? "--root=" : "", root, *root ? " " : "");
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0 || wanted >= (int)sizeof line) return false;
    ssize_t length = read(file, start, sizeof start);
    close(file);
    return length >= wanted && memcmp(start, line, (size_t)wanted) == 0;
}

// The launcher's words in front of a command; how many there are.
static int launcher(const char *words[3], char *root, size_t size) {
    int count = 0;
    words[count++] = settings.launcher;
    if (*settings.root) {
        snprintf(root, size, "--root=%s", settings.root);
        words[count++] = root;
    }
    words[count++] = "--";
    return count;
}

// Whether a container's runtime runs instead of the step's words; the task_prolog knows which one that is.
static bool is_contained(uint32_t job, uint32_t step, char **argv) {
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(23, 2, 0)
    (void)argv;
    char path[LONGEST];
    struct stat status;
    int length = step == SLURM_INTERACTIVE_STEP
        ? snprintf(path, sizeof path, "%s/oci-job%u-interactive", settings.spool, job)
        : snprintf(path, sizeof path, "%s/oci-job%u-%u", settings.spool, job, step);
    return length < (int)sizeof path && lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
#else
    (void)job, (void)step;
    // What slurmstepd puts in place of the words then, whose count stays; who asks for it by herself gets no more.
    static const char *const words[] = {
        "/bin/sh", "-c", "echo 'this should never execute with a container'; exit 1"};
    for (int i = 0; i < 3; i++)
        if (argv[i] == NULL || strcmp(argv[i], words[i]) != 0) return false;
    return argv[3] == NULL;
#endif
}

// The end of the task: which results of a plugin keep a task from running depends on Slurm's release, and 22.05
// runs it in spite of ESPANK_ERROR.
static _Noreturn void refuse(const char *why) {
    slurm_error("bivouac: nothing of this partition's jobs runs outside of a machine: %s", why);
    _exit(78);
}

static void lead(spank_t spank, uint32_t job, uint32_t step) {
    char path[LONGEST], root[LONGEST];
    const char *words[3];
    struct stat status;
    int argc = 0;
    char **argv = NULL;
    if (!script(job, path, sizeof path)) refuse("a path is too long");
    if (step == SLURM_BATCH_SCRIPT) {
        if (!is_wrapped(path)) refuse("the script does not begin with the launcher's line");
        return;
    }
    if (lstat(path, &status) == 0) refuse("a batch job has no further steps");
    if (spank_get_item(spank, S_JOB_ARGV, &argc, &argv) != ESPANK_SUCCESS || argv == NULL)
        refuse("its words are not known");
    if (is_contained(job, step, argv)) return;
    int count = launcher(words, root, sizeof root);
    bool leads = argc > count;
    for (int i = 0; leads && i < count; i++) leads = strcmp(argv[i], words[i]) == 0;
    if (leads) return;
#if SLURM_VERSION_NUMBER >= SLURM_VERSION_NUM(23, 11, 0)
    if (spank_prepend_task_argv(spank, count, words) != ESPANK_SUCCESS) refuse("the launcher does not fit");
#else
    refuse("this Slurm leads a step there by --container alone (oci.conf)");
#endif
}

int slurm_spank_task_init(spank_t spank, int argc, char **argv) {
    const char *path = "/usr/libexec/bivouac/slurm/task_prolog.conf";
    for (int i = 0; i < argc; i++)
        if (strncmp(argv[i], "conf=", 5) == 0) path = argv[i] + 5;
    if (!read_settings(path)) {
        slurm_error("bivouac: the node is not set up: %s", path);
        _exit(78);
    }
    uint32_t job = 0, step = 0;
    if (spank_get_item(spank, S_JOB_ID, &job) != ESPANK_SUCCESS ||
        spank_get_item(spank, S_JOB_STEPID, &step) != ESPANK_SUCCESS)
        refuse("the step cannot be identified");
    if (is_ours(spank, job)) lead(spank, job, step);
    return ESPANK_SUCCESS;
}
