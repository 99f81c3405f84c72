# back-up-kubelet.sh NODE: copies the kubelet's credentials to /var/lib/kubelet-recovery/<run>/, with a manifest of hashes.
# The directory appears under its name only when it is whole; one that is there is checked and never overwritten.
node=$1
expect_node "$node"
lock
report() {
    say directory "${run_dir#"$root"}"
    say manifestSha256 "$(hash_of "$run_dir/manifest.sha256")"
    end ok
}
if [ -e "$run_dir" ]; then
    (cd "$run_dir" && sha256sum --quiet -c manifest.sha256) || fail "the backup in ${run_dir#"$root"} does not match its own manifest"
    say changed no
    report
fi
mkdir -p -m 700 "$recovery"
chmod 700 "$recovery"
rm -rf "$recovery/.$CPR_RUN".unfinished.*
needed=$(du -sB1 "$pki" 2>/dev/null | cut -f1 || echo 0)
free=$(df -PB1 "$recovery" | awk 'NR == 2 { print $4 }')
[ "$free" -gt $((needed * 2 + 4194304)) ] || fail "only $free bytes are free under /var/lib/kubelet-recovery"
unfinished=$(mktemp -d "$recovery/.$CPR_RUN.unfinished.XXXXXX")
# A backup outlives the incident by months; an admin credential must not survive in it. What holds one is named, and not copied.
copy() { # FILE NAME
    if [ ! -e "$1" ]; then echo "$2" >>"$unfinished/absent"; return; fi
    if holds_admin "$1"; then
        case $found in *read) precondition "${1#"$root"} holds $found, which is not copied into a backup" ;; esac
        printf '%s\n' "$2" >>"$unfinished/not-copied"
        return
    fi
    cp -p "$1" "$unfinished/$2"
}
copy "$kubeconfig" kubeconfig
copy "$bootstrap" bootstrap-kubeconfig
mkdir -m 700 "$unfinished/pki"
for file in "$pki"/kubelet-client*; do
    if [ -L "$file" ]; then cp -P "$file" "$unfinished/pki/"; elif [ -f "$file" ]; then copy "$file" "pki/${file##*/}"; fi
done
(cd "$unfinished" && find . -type f ! -name manifest.sha256 -print0 | sort -z | xargs -0r sha256sum >manifest.sha256)
sync -f "$unfinished"
mv -T "$unfinished" "$run_dir"
unfinished=''
sync -f "$recovery"
note "backed up the kubelet's credentials to ${run_dir#"$root"}"
say changed yes
report
