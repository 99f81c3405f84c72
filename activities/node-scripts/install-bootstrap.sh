# install-bootstrap.sh NODE EXPECTED: the kubeconfig on CPR_INPUT becomes /etc/kubernetes/kubeconfig.
# EXPECTED is the hash of the file it may replace, or `missing`; a file that this run has put there may be replaced as well.
# It is asked with before it is put in place, so a credential that does not work never gets there.
node=$1 expected=$2
expect_node "$node"
lock
refuse_late
[ -e "$run_dir/manifest.sha256" ] || precondition "there is no backup of this run in ${run_dir#"$root"}"
content=$(base64 -d <<<"$CPR_INPUT")
[ -n "$content" ] || fail 'no kubeconfig was sent'
wanted=$(printf '%s' "$content" | sha256sum | cut -d' ' -f1)
present=$(hash_of "$bootstrap")
say sha256 "$wanted"
if [ "$present" = "$wanted" ]; then say changed no; end ok; fi
if [ "$present" != "$expected" ] && ! grep -qxF "$present" "$run_dir/installed" 2>/dev/null; then
    precondition "${bootstrap#"$root"} is no longer what was approved to be replaced (its hash is $present)"
fi
printf '%s' "$content" >"$work/kubeconfig"
ask_with "$work/kubeconfig"
case $accepted in
yes) ;;
unknown) end_with unknown "the API could not be asked with the new credential: $accepted_detail" ;;
*) fail "the API does not accept the new credential: $accepted_detail" ;;
esac
# Written down first: whoever finds the file after a crash knows whose it is.
printf '%s\n' "$wanted" >>"$run_dir/installed"
sync "$run_dir/installed"
write_file "$bootstrap" "$content"
note "replaced ${bootstrap#"$root"} (was $present, is $wanted)"
say changed yes
end ok
