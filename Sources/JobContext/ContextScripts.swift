/// What the image's contextualisation sources as root, in whatever POSIX shell the image has.
enum ContextScripts {
    /// Starts the agent, once: finds the volume labelled BIVOUAC by the file on it, and leaves the agent in the
    /// background with a copy of its assignment.
    static let prolog = #"""
        # Sourced as root by the image's contextualisation, early, by whatever shell the image has.
        # One subshell: nothing of it stays in the shell that sources it, and nothing here can end that shell.
        (
            # Not every shell hands on the words behind the file's name: $1 may be the caller's.
            [ "${1-}" != stop ] || exit 0
            set +eu
            PATH=/usr/sbin:/usr/bin:/sbin:/bin
            export PATH
            umask 022
            here=/run/bivouac

            say() { echo "bivouac: $*" >/dev/console 2>/dev/null || :; }

            # attach FILE DIRECTORY DISK...: mounts the first disk that holds FILE.
            attach() {
                file=$1 directory=$2
                shift 2
                mkdir -p "$directory" || return 1
                # Disks may show a moment after their driver was loaded.
                for second in 0 1 2 3 4 5 6 7 8 9; do
                    [ "$second" = 0 ] || sleep 1
                    for disk in "$@"; do
                        [ -b "/dev/$disk" ] || continue
                        mount -t iso9660 -o ro,nosuid,nodev "/dev/$disk" "$directory" 2>/dev/null || continue
                        [ ! -f "$directory/$file" ] || return 0
                        umount "$directory"
                    done
                done
                return 1
            }

            # Two contextualisations of one image may both come here; the first makes the directory.
            mkdir -p /run && mkdir -m 700 "$here" 2>/dev/null || exit 0

            # Built in or loaded already in most images; a module that is not there is missed below.
            for module in virtio_pci virtio_blk virtio_console isofs; do
                modprobe -q "$module" 2>/dev/null || :
            done

            attach bivouac-guest "$here/tools" vdc xvdc sdc sr1 vdd xvdd sdd sr0 ||
                { say "no volume with bivouac-guest on it"; exit 0; }
            # The disk as a whole cannot be mounted while one of its partitions is.
            attach assignment.json "$here/context" vdb vdb1 xvdb xvdb1 sdb sdb1 sr0 vdc xvdc sdc sr1 ||
                { say "no volume with assignment.json on it"; exit 0; }
            # The context volume is not needed again and need not stay in the payload's sight.
            cp "$here/context/assignment.json" "$here/assignment.json" && chmod 600 "$here/assignment.json" ||
                { say "assignment.json cannot be copied"; exit 0; }
            umount "$here/context" 2>/dev/null || :

            # Without SWIFT_ROOT a static program aborts where /proc is not mounted.
            SWIFT_ROOT=/ "$here/tools/bivouac-guest" "$here/assignment.json" </dev/null >/dev/null 2>&1 &
        )

        """#

    /// The agent works on after the image's own start-up; there is nothing left to do late.
    static let epilog = """
        # Sourced as root by the image's contextualisation, late: the agent was started by prolog.sh.
        :

        """
}
