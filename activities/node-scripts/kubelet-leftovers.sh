# Before observe-kubelet.sh: what runs have left on this node, and what must not be left.

# What earlier runs have left here, told with the shell's own means: a node that was mended often has many of these. A
# directory that says how its run ended is a backup and nothing more.
runs() {
    local directory name word file restarts quarantined
    for directory in "$recovery"/*/; do
        directory=${directory%/} name=${directory##*/}
        [[ $name =~ ^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$ ]] && [ ! -L "$directory" ] && [ -d "$directory" ] || continue
        word='' restarts=0 quarantined=0
        if [ -e "$directory/concluded" ]; then read -r word <"$directory/concluded" || :; fi
        for file in "$directory"/restart-*; do if [[ $file =~ /restart-[0-9]+$ ]]; then restarts=$((restarts + 1)); fi; done
        for file in "$directory"/quarantine/*/*; do if [ -e "$file" ] || [ -L "$file" ]; then quarantined=$((quarantined + 1)); fi; done
        printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "${word//[^[:alpha:] ]/?}" "$([ -e "$directory/aborted" ] && echo yes || echo no)" \
            "$(holds_present "$directory/installed" && echo yes || echo no)" "$restarts" "$quarantined"
    done
}
present=$(hash_of "$bootstrap")
holds_present() { # FILE
    local line
    [ -e "$1" ] || return 1
    while read -r line; do [ "$line" != "$present" ] || return 0; done <"$1"
    return 1
}
half_written() {
    local file name
    for file in "$recovery"/.*.unfinished.*; do
        name=${file##*/.} name=${name%.unfinished.*}
        if [ -e "$file" ]; then printf '%s\t%s\n' "$name" "${file#"$root"}"; fi
    done
    for file in "$bootstrap".cpr-* "$kubeconfig".cpr-* "$pki"/*.cpr-*; do if [ -e "$file" ]; then printf '%s\t%s\n' "${file##*.cpr-}" "${file#"$root"}"; fi; done
    for file in "$recovery"/*/restart-*.new "$recovery"/*/concluded.new; do
        name=${file%/*}
        if [ -e "$file" ]; then printf '%s\t%s\n' "${name##*/}" "${file#"$root"}"; fi
    done
    # Snapshots of etcd: beside its data, whose disk they fill, and on their way from there.
    for file in "$root"/var/lib/etcd/.cpr-snapshot-*; do
        name=${file##*/.cpr-snapshot-}
        if [ -e "$file" ]; then printf '%s\t%s\n' "${name%.*}" "${file#"$root"}"; fi
    done
    for file in "$root"/var/lib/etcd-recovery/*/.snapshot.*; do
        name=${file%/*}
        if [ -e "$file" ]; then printf '%s\t%s\n' "${name##*/}" "${file#"$root"}"; fi
    done
}
# What recoveries of etcd keep here on purpose: kind, run, path, bytes, time of its last change, and whether etcd's manifest lies in
# it alone.
kept_of_etcd() {
    local path kind run manifest
    for path in "$root"/var/lib/etcd/quarantine-* "$root"/var/lib/etcd-recovery/*; do
        [ ! -L "$path" ] && [ -d "$path" ] || continue
        manifest=in kind=snapshot run=${path##*/}
        case $path in
        */quarantine-*)
            kind=quarantine run=${path##*/quarantine-}
            [ ! -e "$path/etcd-pod.yaml" ] || [ -e "$root/etc/kubernetes/manifests/etcd-pod.yaml" ] || manifest=out ;;
        # Older than an hour, a snapshot was set aside for a newer one. Where there is none, it holds a mark, or what is half-written.
        *) compgen -G "$path/snapshot*.db" >/dev/null || continue ;;
        esac
        [[ $run =~ ^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$ ]] || continue
        printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$kind" "$run" "${path#"$root"}" \
            "$(du -sxB1 --apparent-size "$path" 2>/dev/null | cut -f1)" "$(stat -c %Y "$path")" "$manifest"
    done
}

# What must not be left behind: a certificate of system:masters anywhere below the kubelet's directories, our backups or in the
# bootstrap file; and a token of node-bootstrapper that still expires in a file other than the bootstrap file, which is judged
# by itself. Other tokens are other people's. The backup that RUN made of the old bootstrap file is not what it left behind.
candidates() {
    find "$root/var/lib/kubelet" -xdev \( -path "$root/var/lib/kubelet/pods" -o -path "$root/var/lib/kubelet/plugins*" -o -path "$root/var/lib/kubelet/device-plugins" \) -prune \
        -o -type f -size -1024k -print0
    find "$root/etc/kubernetes" -maxdepth 1 -type f -size -1024k -print0
    [ ! -d "$recovery" ] || find "$recovery" -xdev -type f -size -1024k -print0
}
scan() {
    local file note seen=0 token claims expires now
    # An unfinished file of ours, whatever is in it.
    for file in "$bootstrap".cpr-*; do [ ! -e "$file" ] || printf '%s\n' "${file//[^[:print:]]/?}" >>"$work/temporary"; done
    now=$(date +%s)
    { candidates | xargs -0r grep -lZaE 'BEGIN (TRUSTED |X509 )?CERTIFICATE|client-certificate-data|eyJ[A-Za-z0-9_-]+\.eyJ'; } >"$work/found" 2>"$work/unread" || :
    # What went away meanwhile is no left-over; what cannot be read may be one.
    if grep -qv 'No such file or directory' "$work/unread"; then echo 'some files could not be read, so not all were looked at' >>"$work/admin"; fi
    while IFS= read -rd '' file; do
        seen=$((seen + 1))
        if [ "$seen" -gt 300 ]; then echo "more than 300 files with certificates: not all were looked at" >>"$work/admin"; break; fi
        if holds_admin "$file"; then
            case $found in *read) note=' (a certificate that cannot be read)' ;; *) note='' ;; esac
            printf '%s%s\n' "${file//[^[:print:]]/?}" "$note" >>"$work/admin"
        fi
        case $file in "$bootstrap" | "$recovery/${own_run:-none}/bootstrap-kubeconfig") continue ;; esac
        { grep -aoE 'eyJ[A-Za-z0-9_-]+\.eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+' "$file" || :; } >"$work/tokens"
        while read -r token; do
            claims=$(claims_of "$token")
            [ "$(claim sub <<<"$claims")" = "$bootstrapper" ] || continue
            expires=$(claim exp <<<"$claims")
            if [ -n "$expires" ] && [ "$expires" -gt "$now" ]; then printf '%s\n' "${file//[^[:print:]]/?}" >>"$work/temporary"; fi
        done <"$work/tokens"
    done <"$work/found"
}
