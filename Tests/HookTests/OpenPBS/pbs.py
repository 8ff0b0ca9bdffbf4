"""A stand-in for OpenPBS's pbs_python and for the `pbs` module that a hook sees in it.

    pbs.py --hook -i INPUT -o OUTPUT HOOK

INPUT is what MOM writes for an event, `pbs.event().job.NAME=VALUE` for one, read line by line as pbs_python reads it;
or, for the server's runjob, an object of the job's attributes. OUTPUT is what a hook decided, as JSON. The exit status
is pbs_python's: 0, 254 after an exception, 253 after an alarm, and before any hook 2 for a line that it does not know
and 1 without an event: then MOM goes on as if there were no hook.
Types, what may be set, and what raises what are those of src/modules/python/pbs/v1 and src/tools/pbs_python.c of
OpenPBS 20.0 to 23.06; what the hook does not use is not here.
"""
import json
import os
import signal
import sys

RUNJOB = 0x10
EXECJOB_BEGIN, EXECJOB_PROLOGUE, EXECJOB_EPILOGUE, EXECJOB_END = 0x40, 0x80, 0x100, 0x200
EXECJOB_PRETERM, EXECJOB_LAUNCH, EXECHOST_PERIODIC = 0x400, 0x800, 0x1000
LOG_WARNING, LOG_DEBUG = 6, 5
ND_OFFLINE = 1

ATTRIBUTES = """Account_Name Exit_status Job_Name Job_Owner Resource_List Variable_List egroup euser exec_host
    exec_host2 exec_vnode executable interactive job_kill_delay job_state project queue run_count run_version
    session_id""".split()
NUMBERS = ("Exit_status", "interactive", "job_kill_delay", "run_count", "run_version", "session_id")
RESOURCES = "cput mem ncpus nodect place select walltime".split()

hook_config_filename = os.environ.get("PBS_HOOK_CONFIG_FILE")
outcome = {"accept": True, "log": []}
current = None
in_python_mode = False


class BadAttributeValueError(Exception):
    pass


class EventIncompatibleError(Exception):
    pass


class UnsetAttributeNameError(Exception):
    pass


class duration(int):
    """Seconds, shown as they were spelt."""

    def __new__(cls, spelling):
        seconds = 0
        for part in spelling.split(":"):
            seconds = seconds * 60 + int(part)
        made = super().__new__(cls, seconds)
        made.spelling = spelling
        return made

    def __str__(self):
        return self.spelling


class queue:
    def __init__(self, name):
        self.name = name

    def __str__(self):
        return self.name


class pbs_resource:
    """A resource that is defined and was not asked for is None; one that is not defined is no attribute.

    One that a hook sets all the same is made by the server, of the type that the value has in Python.
    """

    def __init__(self, defined):
        for name in defined:
            setattr(self, name, None)

    def __str__(self):
        return ",".join("%s=%s" % (name, value) for name, value in vars(self).items() if value is not None)

    def __getitem__(self, name):
        return getattr(self, name)

    def __setitem__(self, name, value):
        setattr(self, name, value)

    def __contains__(self, name):
        return hasattr(self, name)


class job:
    def __init__(self, name):
        defined = RESOURCES + os.environ.get("STANDIN_RESOURCES", "other").split()
        absent = os.environ.get("STANDIN_ABSENT", "").split()
        for attribute in ATTRIBUTES:
            if attribute not in absent:
                object.__setattr__(self, attribute, None)
        self.Resource_List = pbs_resource(defined)
        self._msmom = self._rerun = self._delete = False
        object.__setattr__(self, "id", name)

    def __setattr__(self, name, value):
        if name not in ATTRIBUTES and name not in ("id", "_msmom", "_rerun", "_delete"):
            raise UnsetAttributeNameError("job attribute '%s' not found" % name)
        if in_python_mode and not name.startswith("_"):
            raise BadAttributeValueError("job attribute '%s' is readonly" % name)
        super().__setattr__(name, value)

    @property
    def attributes(self):
        return dict.fromkeys(ATTRIBUTES + ["id"])

    def in_ms_mom(self):
        return self._msmom

    def rerun(self):
        self._rerun = True

    def delete(self):
        self._delete = True

    def take(self, name, resource, value):
        """What pbs_python does with a line of MOM's; one that fits nothing is left out and logged."""
        try:
            if resource is not None:
                setattr(self.Resource_List, resource, duration(value) if resource == "walltime" else value)
            elif name == "_msmom":
                self._msmom = value == "True"
            elif name == "queue":
                self.queue = queue(value)
            elif name in NUMBERS:
                setattr(self, name, int(value))
            elif not name.startswith("_"):
                setattr(self, name, value)
        except (UnsetAttributeNameError, ValueError) as error:
            logmsg(LOG_DEBUG, str(error))


class vnode:
    def __init__(self, name):
        self.name = name
        self.state = None
        self.comment = None
        self.resources_available = pbs_resource(
            os.environ.get("STANDIN_VNODE_RESOURCES", "mem ncpus bivouac_image").split())


class _event:
    def __init__(self, kind):
        super().__setattr__("type", kind)
        super().__setattr__("_param", {})

    def __getattr__(self, name):
        if name not in self._param:
            raise EventIncompatibleError('"%s" not found in self._param' % name)
        return self._param[name]

    def __setattr__(self, name, value):
        if name not in self._param:
            raise UnsetAttributeNameError("event attribute '%s' not found" % name)
        if name not in ("progname", "argv", "env"):
            raise BadAttributeValueError("event attribute '%s' is readonly" % name)
        self._param[name] = value

    def accept(self, code=0):
        outcome["accept"] = True
        raise SystemExit(str(code))

    def reject(self, message="", code=255):
        outcome.update(accept=False, message=message)
        raise SystemExit(str(code))


def event():
    return current


def get_local_nodename():
    return "node1"


def logmsg(severity, message):
    outcome["log"].append(message)


def read(path):
    """The event of MOM's file."""
    kinds = {"execjob_begin": EXECJOB_BEGIN, "execjob_prologue": EXECJOB_PROLOGUE,
             "execjob_epilogue": EXECJOB_EPILOGUE, "execjob_end": EXECJOB_END, "execjob_preterm": EXECJOB_PRETERM,
             "execjob_launch": EXECJOB_LAUNCH, "exechost_periodic": EXECHOST_PERIODIC}
    simple, attributes, argv, jobs, vnodes = {}, [], [], {}, {}
    quoted = None
    with open(path, encoding="utf-8") as file:
        if file.read(1) == "{":
            file.seek(0)
            values = json.load(file)
            made = _event(RUNJOB)
            made._param.update(job=job(values["id"]), vnode_list={})
            for name, value in values.items():
                name, _, index = name.partition("[")
                made.job.take(name, index.rstrip("]") or None, value)
            return made, {}
    for line in open(path, encoding="utf-8", errors="replace", newline="\n"):
        line = line.rstrip("\n")
        if quoted is not None:
            quoted = None if line.endswith('"""') else quoted
            continue
        left, _, value = line.partition("=")
        value = value.strip()
        if value.startswith('"""') and not (len(value) >= 6 and value.endswith('"""')):
            quoted = left
            continue
        thing, _, name = left.rpartition(".")
        name, bracket, index = name.partition("[")
        index = index.rstrip("]") if bracket else None
        if thing == "pbs.event().job":
            attributes.append((name, index, value))
        elif thing.startswith('pbs.event().job_list["'):
            jobs.setdefault(thing[22:-2], []).append((name, index, value))
        elif thing.startswith('pbs.event().vnode_list["'):
            vnodes.setdefault(thing[24:-2], vnode(thing[24:-2]))
        elif thing == "pbs.event()" and name == "argv":
            argv.append(value)
        elif thing == "pbs.event()":
            if name not in ("type", "alarm", "progname", "env"):
                sys.exit(2)
            simple[name] = value
    if "type" not in simple:
        sys.exit(1)
    made = _event(kinds[simple["type"]])
    made._param["vnode_list"] = vnodes
    if made.type == EXECHOST_PERIODIC:
        made._param["job_list"] = {name: job(name) for name in jobs}
        for name, lines in jobs.items():
            for line in lines:
                made.job_list[name].take(*line)
        return made, simple
    made._param["job"] = job(next(value for name, _, value in attributes if name == "id"))
    for line in attributes:
        made.job.take(*line)
    if made.type == EXECJOB_LAUNCH:
        made._param.update(progname=simple.get("progname"), argv=argv, env={})
    return made, simple


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    global current, in_python_mode
    words = sys.argv
    target = words[words.index("-o") + 1]
    current, simple = read(words[words.index("-i") + 1])
    sys.modules["pbs"] = sys.modules["__main__"]
    with open(words[-1]) as file:
        code = compile(file.read(), words[-1], "exec")
    signal.signal(signal.SIGALRM, interrupted)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
    signal.alarm(int(simple.get("alarm", "0")))
    in_python_mode = True
    status = 0
    try:
        exec(code, {"__name__": "hook"})
    except SystemExit:
        pass
    except KeyboardInterrupt:
        outcome["accept"], status = False, 253
    except Exception as error:
        outcome.update(accept=False, exception="%s: %s" % (type(error).__name__, error))
        status = 254
    signal.alarm(0)
    in_python_mode = False
    param = current._param
    if "job" in param:
        outcome.update(rerun=param["job"]._rerun, delete=param["job"]._delete)
    if current.type == EXECJOB_LAUNCH:
        outcome.update(progname=param["progname"], argv=list(param["argv"]))
    outcome["offline"] = sorted(name for name, node in param["vnode_list"].items() if node.state == ND_OFFLINE)
    resources = {name: {key: value for key, value in vars(node.resources_available).items() if value is not None}
                 for name, node in param["vnode_list"].items()}
    outcome["resources"] = {name: values for name, values in resources.items() if values}
    with open(target, "w") as file:
        json.dump(outcome, file)
    sys.exit(status)


if __name__ == "__main__":
    main()
