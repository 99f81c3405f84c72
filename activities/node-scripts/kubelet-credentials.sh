# Before observe-kubelet.sh: with what the kubelet could be somebody, and whom the API server takes it for. A look is no occasion to
# speak as cluster-admin: what holds its credential is told by its form, and nothing is asked with it.
not_asked='it holds cluster-admin, and no look asks with that'
is_cluster_admin() { [ -f "$1" ] && holds_admin "$1" && [ "$found" = 'a credential of system:masters' ]; } # FILE

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

# The administrator's kubeconfigs that the platform keeps on every master: told only where the kubelet has lost its own identity.
# Whether one works is asked by the step that lends it, directly before.
admin_kubeconfig() { # NAME PREFIX
    local file=$admin_kubeconfigs/$1.kubeconfig
    [ -e "$file" ] || return 0
    kubeconfig_form "$2" "$file"
    say "$2.path" "${file#"$root"}"
}

# Beside everything else, since each question may wait for an API server that does not answer. What is said comes in at the end.
credentials() {
    work=$work/credentials
    mkdir "$work"
    if is_cluster_admin "$kubeconfig" || is_cluster_admin "$current"; then who=unknown who_detail=$not_asked who_name='' who_groups=''
    else who_with "$kubeconfig"; fi
    say identity.accepted "$who"
    say identity.detail "$who_detail"
    say identity.username "$who_name"
    say identity.groups "$who_groups"
    client_files
    [ "$who_name" != "system:node:$node" ] || return 0
    admin_kubeconfig localhost admin.0
    admin_kubeconfig localhost-recovery admin.1
    admin_kubeconfig lb-int admin.2
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
