# observe-kubelet.sh NODE WINDOW_MINUTES [RUN]: what one look at this master shows of its kubelet, its etcd and its API server.
# Changes nothing, takes no lock. Sends certificates, hashes, dates and counts; never a key, a token or a kubeconfig.
node=$1 window=$2 own_run=${3:-}
expect_node "$node"

# Asked beside everything else, since a dead one is waited for.
ask() { # NAME URL [CURL ARGUMENTS]
    curl -sk -m 3 -o "$work/$1" -w '%{http_code}' "${@:3}" "$2" >"$work/$1.code" 2>/dev/null || echo " exit $?" >>"$work/$1.code"
}
# With --anonymous-auth=false it tells nobody how it is but whom it knows: this kubelet, if it has a certificate.
ask_api() {
    ask api https://localhost:6443/readyz
    case $(cat "$work/api.code") in
    401 | 403) if [ -e "$current" ]; then ask api https://localhost:6443/readyz --cert "$current" --key "$current"; fi ;;
    esac
}
ask_api &
ask etcd https://127.0.0.1:9980/readyz &      # OpenShift's readyz container
ask metrics http://127.0.0.1:9978/health &    # etcd itself, where its metrics are plain

say nodeName "$node"
say nodeTime "$(date -u +%FT%T.%3NZ)"
say unit "$(systemctl show kubelet -p LoadState,ActiveState,SubState,Result,NRestarts,ExecMainStartTimestamp,InvocationID)"
say disk "$(df -PB1 "$root/var/lib/kubelet" | awk 'NR == 2 { print $4 }')"
say diskWritable "$([ -w "$root/var/lib/kubelet" ] && echo yes || echo no)"

certificate() {
    if [ -L "$current" ]; then say certLink "$(readlink "$current")"; elif [ ! -e "$current" ]; then say certState missing; return; fi
    if [ ! -e "$current" ]; then say certState dangling; return; fi
    if ! openssl x509 -in "$current" -outform PEM >"$work/cert" 2>/dev/null; then say certState corrupt; say certDetail 'no certificate in it'; return; fi
    if ! openssl pkey -in "$current" -pubout >"$work/key" 2>/dev/null; then say certState corrupt; say certDetail 'no private key in it'; return; fi
    openssl x509 -in "$current" -noout -pubkey >"$work/certkey"
    if ! cmp -s "$work/key" "$work/certkey"; then say certState corrupt; say certDetail 'the private key is not that of the certificate'; return; fi
    say certState present
    say certPem "$(cat "$work/cert")"
}
certificate

# Whom does the API server take this kubeconfig for? Sets who (yes, rejected, unknown), who_detail, who_name, who_groups.
who_with() { # FILE
    local rc
    who=unknown who_detail='' who_name='' who_groups=''
    first_try
    while :; do
        rc=0
        timeout 6 "$kubectl" --kubeconfig="$1" --request-timeout=4s create --raw "$reviews" -f - <<<"$review" >"$work/who" 2>"$work/why" || rc=$?
        [ "$rc" != 0 ] && is_dropped "$(tail -n1 "$work/why")" && once_more || break
    done
    if [ "$rc" = 0 ]; then
        who_name=$(jq -r '.status.userInfo.username // ""' "$work/who" 2>/dev/null || :)
        who_groups=$(jq -r '.status.userInfo.groups // [] | .[]' "$work/who" 2>/dev/null || :)
    fi
    if [ -n "$who_name" ]; then who=yes who_detail=yes; return; fi
    who_detail="exit code $rc: $(tail -n1 "$work/why" | cut -c1-200)"
    if grep -qE 'Unauthorized|must be logged in' "$work/why"; then who=rejected who_detail=Unauthorized; fi
}

# The files that the kubelet has had its certificates in, newest first: one that still works can be linked again.
client_files() {
    local file path number=0 asked=0
    server_of "$kubeconfig" "$bootstrap"
    while IFS= read -rd '' file; do
        path=${file#* }
        say "client.$number.path" "${path#"$root"}"
        say "client.$number.sha256" "$(hash_of "$path")"
        say "client.$number.current" "$([ "$path" -ef "$current" ] && echo yes || echo no)"
        client_file "client.$number" "$path"
        number=$((number + 1))
    done < <(find "$pki" -maxdepth 1 -type f -name 'kubelet-client-*.pem' -printf '%T@ %p\0' 2>/dev/null | sort -zrn | head -zn 20)
}
client_file() { # PREFIX FILE
    local accepted=unknown matches=no
    if openssl x509 -in "$2" -outform PEM >"$work/one" 2>/dev/null; then
        say "$1.pem" "$(cat "$work/one")"
        openssl x509 -in "$work/one" -noout -pubkey >"$work/one-public"
        if openssl pkey -in "$2" -pubout >"$work/one-key" 2>/dev/null && cmp -s "$work/one-key" "$work/one-public"; then matches=yes; fi
        # The one that the kubelet's kubeconfig names has been asked with already.
        if [ "$named" = yes ] && [ "$2" -ef "$current" ] && [ "$who" != unknown ]; then accepted=$who
        elif [ "$matches" = yes ] && [ "$asked" -lt 3 ] && [ -n "$api_url" ] && is_own_and_valid "$work/one"; then
            asked=$((asked + 1)) accepted=$(accepts "$2")
            # Nobody answers: the next one would be waited for as long.
            if [ "$accepted" = unknown ]; then asked=3; fi
        fi
    fi
    say "$1.keyMatches" "$matches"
    say "$1.accepted" "$accepted"
}
# The administrator's kubeconfigs that the platform keeps on every master. Looked at and asked with only where the kubelet has
# lost its own identity: a health check is no occasion to speak as cluster-admin.
admin_kubeconfig() { # NAME PREFIX
    local file=$root/etc/kubernetes/static-pod-resources/kube-apiserver-certs/secrets/node-kubeconfigs/$1.kubeconfig
    [ -e "$file" ] || return 0
    work=$work/$2
    mkdir "$work"
    kubeconfig_form "$2" "$file"
    say "$2.path" "${file#"$root"}"
    who_with "$file"
    say "$2.accepted" "$who"
    say "$2.answer" "$who_detail"
}

# Beside everything else, since each question may wait for an API server that does not answer. What is said comes in at the end.
credentials() {
    work=$work/credentials
    mkdir "$work"
    who_with "$kubeconfig"
    say identity.accepted "$who"
    say identity.detail "$who_detail"
    say identity.username "$who_name"
    say identity.groups "$who_groups"
    client_files
    [ "$who_name" != "system:node:$node" ] || return 0
    admin_kubeconfig localhost admin.0 &
    admin_kubeconfig localhost-recovery admin.1 &
    admin_kubeconfig lb-int admin.2 &
    wait
    cat "$work"/admin.*/values >>"$work/values" 2>/dev/null || :
}

# What a kubeconfig looks like; never what it says.
kubeconfig_form() { # PREFIX FILE
    local claims
    if [ ! -e "$2" ]; then say "$1.state" missing; return; fi
    say "$1.sha256" "$(hash_of "$2")"
    if ! read_form "$2"; then say "$1.state" unreadable; say "$1.detail" "$unreadable"; return; fi
    say "$1.state" present
    say "$1.server" "${form[server]}"
    say "$1.caSha256" "$(form_ca_hash)"
    say "$1.tlsServerName" "${form[tls_name]}"
    say "$1.certificatePath" "${form[cert_file]}"
    say "$1.keyPath" "${form[key_file]}"
    if [ -n "${form[cert_data]}" ]; then say "$1.embeddedPem" "$(base64 -d <<<"${form[cert_data]}" | openssl x509 -outform PEM 2>/dev/null || echo unreadable)"; fi
    if [ -n "${form[token]}" ]; then
        say "$1.token" yes
        claims=$(claims_of "${form[token]}")
        say "$1.tokenSubject" "$(claim sub <<<"$claims")"
        say "$1.tokenExpires" "$(claim exp <<<"$claims")"
    fi
    if [ -n "${form[token_file]}" ]; then say "$1.token" file; fi
    if [ -n "${form[other]}" ]; then say "$1.other" yes; fi
}
credentials &
asking=$!
kubeconfig_form kubeconfig "$kubeconfig"
kubeconfig_form bootstrap "$bootstrap"
accepted=unknown accepted_detail='there is no file to ask with'
[ ! -e "$bootstrap" ] || ask_with "$bootstrap"
say accepted "$accepted"
say acceptedDetail "$accepted_detail"

# Over several starts: a kubelet whose credential is rejected exits every five minutes. Both wordings, old and new.
counts() {
    timeout 5 journalctl -u kubelet --since "$window minutes ago" -o cat -q --no-pager 2>/dev/null | head -c 33554432 | awk '
        /User "system:anonymous" cannot/ { n["anonymousForbidden"]++ }
        /unable to (read|load) .*existing bootstrap client config/ { n["clientCertificateUnreadable"]++ }
        /existing bootstrap client certificate.* is expired|client certificate has expired and the server/ { n["clientCertificateExpired"]++ }
        /unable to load bootstrap kubeconfig/ { n["bootstrapFileMissing"]++ }
        /cannot create certificate signing request: (Unauthorized|.*forbidden)/ { n["csrRejected"]++ }
        /server is responsive, exiting/ { n["exitingServerResponsive"]++ }
        /([Vv]alid client cert|No valid client certificate).*not responsive/ { n["waitingServerNotResponsive"]++ }
        /could not convert data from .* into cert\/key pair|to be a symlink but it is a file/ { n["corruptPem"]++ }
        /[Cc]ertificate rotation detected/ { n["certificateRotated"]++ }
        /dial tcp .*(refused|no route to host|i\/o timeout|unreachable)/ && !/[Pp]robe/ { n["apiUnreachable"]++ }
        /x509: certificate (has expired|signed by unknown authority)|failed to verify certificate/ && !/authenticate the request/ && !/[Pp]robe/ { n["serverCertificateUntrusted"]++ }
        END { for (name in n) print name "=" n[name] }'
}
# What was counted before it was cut is still true, but nothing is not known to be absent any more.
counted=yes
counts >"$work/journal" || counted="exit code $?"
say journal "$(cat "$work/journal")"
say journalCounted "$counted"
say journalWindow "$window"

number=0
for file in "$root"/etc/kubernetes/manifests/*; do
    [ -f "$file" ] && [ "$number" -lt 40 ] || continue
    say "manifest.$number.file" "${file##*/}"
    say "manifest.$number.sha256" "$(hash_of "$file")"
    say "manifest.$number.changed" "$(stat -Lc %Y "$file")"
    # What a static pod is called stands in the file alone. It is read by the worker and goes no further.
    say "manifest.$number.body" "$(head -c 262144 "$file")"
    number=$((number + 1))
done
pods() {
    timeout 5 crictl pods -o json 2>/dev/null | jq -c '[.items[] | select(.annotations["kubernetes.io/config.source"] == "file")
        | {namespace: .metadata.namespace, name: .metadata.name, state, createdAt, hash: .annotations["kubernetes.io/config.hash"]}]'
}
# Said or not at all: "no sandbox" is a finding, "could not be asked" is none.
if pods >"$work/pods"; then say pods "$(cat "$work/pods")"; fi

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
}
say runs "$(runs)"
say halfWritten "$(half_written)"
# What recoveries of etcd keep here on purpose, and what one that was killed was writing: kind, run, path, bytes, time of its last
# change, and whether etcd's manifest lies in it alone.
kept_of_etcd() {
    local path kind run manifest
    for path in "$root"/var/lib/etcd/quarantine-* "$root"/var/lib/etcd-recovery/* "$root"/var/lib/etcd/.cpr-snapshot-*; do
        [ ! -L "$path" ] && [ -d "$path" ] || continue
        manifest=in
        case $path in
        */quarantine-*)
            kind=quarantine run=${path##*/quarantine-}
            [ ! -e "$path/etcd-pod.yaml" ] || [ -e "$root/etc/kubernetes/manifests/etcd-pod.yaml" ] || manifest=out ;;
        */.cpr-snapshot-*) kind=unfinished run=${path##*/.cpr-snapshot-} run=${run%.*} ;;
        *)
            kind=snapshot run=${path##*/}
            # On the node whose data was moved it holds a mark and nothing else.
            [ -n "$(find "$path" -xdev -type f -size +0 -print -quit 2>/dev/null)" ] || continue
            [ -e "$path/snapshot.db" ] || kind=unfinished ;;
        esac
        [[ $run =~ ^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$ ]] || continue
        printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$kind" "$run" "${path#"$root"}" \
            "$(du -sxB1 --apparent-size "$path" 2>/dev/null | cut -f1)" "$(stat -c %Y "$path")" "$manifest"
    done
}
say etcdKept "$(kept_of_etcd)"
# Somebody works here just now, or a script of ours hangs. Let go of at once: it is only a question.
say lockHeld "$(if [ -e "$run_state/lock" ] && ! flock -n -s "$run_state/lock" true; then echo yes; else echo no; fi)"

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
: >"$work/admin"; : >"$work/temporary"
scan
say admin "$(cat "$work/admin")"
say temporary "$(sort -u "$work/temporary")"

wait "$asking" || fail 'the credentials of the kubelet could not be looked at'
cat "$work/credentials/values" >>"$work/values"
wait
for name in api etcd metrics; do
    say "health.$name.code" "$(head -c 300 "$work/$name.code" 2>/dev/null || :)"
    say "health.$name.body" "$(head -c 300 "$work/$name" 2>/dev/null || :)"
done
end ok
