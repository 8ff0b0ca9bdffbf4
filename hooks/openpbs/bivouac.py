"""Hook of OpenPBS 20.0 and later: jobs of our queues run in virtual machines.

MOM starts pbs_python with this file for each event, as root. What it tells of the job is passed on as JSON to a
program of ours, whose exit status says what becomes of the job: 0 goes on, 75 puts it back into its queue, 78 deletes
it, anything else is a fault of this node. An exception does what the hook's fail_action says: offline_vnodes. Before
that the server asks, in runjob, whether the job may go to a node.

There is no execjob_begin: MOM serves nobody while that runs. The machine is made in execjob_prologue, for which only
the job's own process waits.
"""
import json
import os
import re
import subprocess
import sys

import pbs

ATTRIBUTES = ("Account_Name", "Exit_status", "egroup", "euser", "exec_host2", "exec_vnode", "project", "queue",
              "run_version")
RESOURCES = ("other", "walltime")
STATE = ("run_version", "session_id")
IMAGES = "bivouac_image"
# Of characters: the user wrote some of the values, and a program of ours takes no more than a mebibyte.
LONGEST = 16384


def text(value):
    """A value of MOM's as text that JSON can hold."""
    return str(value).encode("utf-8", "replace").decode("utf-8")[:LONGEST]


def told(job, attributes, resources):
    """What our programs need to know of a job; what MOM does not say is left out."""
    values = {name: getattr(job, name, None) for name in attributes}
    limits = job.Resource_List
    for name in resources:
        values[name] = limits[name] if limits is not None and name in limits else None
    return dict({name: text(value) for name, value in values.items() if value is not None}, id=text(job.id))


def forged():
    """Whether an attribute of a job brought lines of its own into the file that MOM wrote for this event.

    MOM writes an attribute a line and escapes no line break: `qsub -A` could give a job another queue or user, and
    another job too when all are listed. Behind three quotes pbs_python takes what follows for one value, up to the
    next three; only a job's variables, in which MOM escapes quotes, have them.
    """
    with open("/proc/self/cmdline", "rb") as file:
        command = file.read().split(b"\0")
    names, quoted = [], False
    with open(command[command.index(b"-i") + 1], "rb") as file:
        for line in file:
            line = line.rstrip(b"\n")
            if not quoted:
                name, _, value = line.partition(b"=")
                if name.startswith(b"pbs.event().job") and not name.endswith(b"_mom_list"):
                    names.append(name)
                quoted = value.lstrip().startswith(b'"""')
                if quoted and names and not name.endswith(b".Variable_List"):
                    return True
            if line.endswith(b'"""'):
                quoted = False
    return len(names) != len(set(names))


class Node:
    """Our programs on this node, as the hook's configuration file places them."""

    def __init__(self, path):
        with open(path) as file:
            settings = json.load(file)
        self.queues = settings["queues"]
        self.cluster = settings["cluster"]
        self.root = settings["root"]
        self.libexec = settings["libexec"]
        self.operator = settings["sbin"] + "/bivouac"

    def number(self, job):
        """The job's id without the server's name."""
        return job.id.partition(".")[0]

    def key(self, job):
        """What the job is called on this node."""
        return self.cluster + "-" + self.number(job)

    def owns(self, job):
        """Whether the job is of a queue of ours, or has a record here."""
        return str(job.queue) in self.queues or os.path.isdir(self.root + "/run/bivouac/jobs/" + self.key(job))

    def run(self, *command, told="", seconds=None, **variables):
        """Runs a program; its exit status, the last line that it wrote to standard error, and its output."""
        variables.update(PATH="/usr/sbin:/usr/bin:/sbin:/bin", BIVOUAC_ROOT=self.root)
        end = subprocess.run(command, input=told.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=variables, cwd="/", timeout=seconds)
        lines = end.stderr.decode("utf-8", "replace").splitlines()
        line = lines[-1][:1000] if lines else "bivouac: %s: %d" % (command[0], end.returncode)
        return end.returncode, line, end.stdout

    def hook(self, name, job):
        """Runs one of the programs that are told of a job."""
        return self.run(self.libexec + "/" + name, "openpbs",
                        told=json.dumps(told(job, ATTRIBUTES, RESOURCES)))[:2]


def prologue(node, event):
    """Gives the job its machine."""
    status, line = node.hook("bivouac-prologue", event.job)
    if status == 0:
        return
    # The job's own file.
    os.write(2, line.encode() + b"\n")
    if status == 78:
        event.job.delete()
    elif status == 75:
        event.job.rerun()
    else:
        raise RuntimeError(line)
    event.reject(line)


def launch(node, event):
    """Puts the launcher in front of the task, which ends with it unless the job has a machine of this user's."""
    if event.job.executable is None:
        # A shell, with the script's path on standard input as Torque gives it.
        command = [node.libexec + "/openpbs/job_starter", event.progname]
    else:
        command = [node.libexec + "/bivouac-run", "--root=" + (node.root or "/"),
                   "--job=" + node.number(event.job), "--", event.progname]
    event.argv = command + list(event.argv)[1:]
    event.progname = command[0]


def runjob(node, job):
    """Why a job must not go to a node, asked on the server; None when it may.

    At a line that it does not know pbs_python ends before any hook, and MOM then starts the job without: no attribute
    may bring one. Of a job's variables MOM escapes the quotes, and the arguments of qsub it is not told.
    """
    for name in job.attributes if str(job.queue) in node.queues else ():
        value = str(getattr(job, name, None))
        if name not in ("Submit_arguments", "Variable_List") and ("\n" in value or '"""' in value):
            return "bivouac: ForgedAttributes: the job's %s has several lines or three quotes" % name
    return None


def preterm(node, event):
    """Tells the payload how long it has. MOM sends TERM after this and KILL after kill_delay, whatever we say."""
    delay = event.job.job_kill_delay
    node.run(node.operator, "job", "notify", node.key(event.job), "--in",
             "%ds" % (10 if delay is None else delay), "--reason", "deleted", seconds=10)


def epilogue(node, event):
    """Ends the job's machine; one that does not end takes this node out of service."""
    status, line = node.hook("bivouac-epilogue", event.job)
    if status == 0:
        return
    for vnode in event.vnode_list.values():
        vnode.state = pbs.ND_OFFLINE
        vnode.comment = line
    event.reject(line)


def periodic(node, event):
    """What needs time, told of all our jobs that MOM has: one that is not among them is over."""
    jobs = {} if forged() else {
        "BIVOUAC_OPENPBS_JOBS": json.dumps([told(job, STATE, ("walltime",)) for job in event.job_list.values()
                                            if node.owns(job)])}
    status, line, answer = node.run(node.operator, "tick", seconds=60, **jobs)
    if status != 0:
        pbs.logmsg(pbs.LOG_WARNING, line)
    if answer:
        publish(event, json.loads(answer)[IMAGES])


def publish(event, images):
    """Has MOM tell the server which images this node has."""
    # Servers up to 23.06 mishandle a value that a hook empties.
    value = ",".join(images) or "none"
    name = pbs.get_local_nodename()
    vnode = pbs.vnode(name)
    if not re.fullmatch("[0-9a-z_,]{1,65536}", value):
        pbs.logmsg(pbs.LOG_WARNING, "bivouac: the names of the images are too many, or none")
    elif IMAGES not in vnode.resources_available:
        # The server would make a plain text of it, whose parts no job could ask for.
        pbs.logmsg(pbs.LOG_WARNING, "bivouac: the server has no resource %s: see bivouac.qmgr" % IMAGES)
    else:
        vnode.resources_available[IMAGES] = value
        event.vnode_list[name] = vnode


EVENTS = {pbs.EXECJOB_PROLOGUE: prologue, pbs.EXECJOB_LAUNCH: launch, pbs.EXECJOB_PRETERM: preterm,
          pbs.EXECJOB_EPILOGUE: epilogue, pbs.EXECJOB_END: epilogue}


def main(event):
    node = Node(pbs.hook_config_filename)
    if event.type == pbs.EXECHOST_PERIODIC:
        periodic(node, event)
        event.accept()
    job = event.job
    if event.type == pbs.RUNJOB:
        line = runjob(node, job)
        if line is not None:
            event.reject(line)
        event.accept()
    starts = event.type in (pbs.EXECJOB_PROLOGUE, pbs.EXECJOB_LAUNCH)
    if forged():
        # It was never let start: there is nothing to end.
        if not starts:
            event.accept()
        job.delete()
        event.reject("bivouac: ForgedAttributes: an attribute of the job has lines of MOM's")
    if not node.owns(job):
        event.accept()
    if not job.in_ms_mom():
        # MultiNode: the first node's prologue refuses the job.
        if starts:
            event.reject("bivouac: MultiNode: a job of this queue is one machine on one node")
        event.accept()
    EVENTS[event.type](node, event)
    event.accept()


try:
    main(pbs.event())
except Exception as error:
    # A qdel is never refused.
    if pbs.event().type != pbs.EXECJOB_PRETERM:
        raise
    pbs.logmsg(pbs.LOG_WARNING, "bivouac: %s" % error)
