# stream-snapshot.sh NODE SHA256: the snapshot of this run as it is, between the marker lines. Changes nothing, takes no lock.
node=$1 expected=$2
expect_node "$node"
gently
file=$run_dir/snapshot.db
[ -f "$file" ] || precondition "there is no ${file#"$root"}"
grep -qxF "sha256=$expected" "$run_dir/snapshot.record" || precondition "${file#"$root"} is not the snapshot that was verified"
stream_file "$file"
end ok
