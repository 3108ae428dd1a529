cat <<'END'
Both containers need `--network shop`.
END
