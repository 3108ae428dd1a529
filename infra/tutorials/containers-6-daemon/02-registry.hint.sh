cat <<'END'
`/var/log/registry.log` says why the registry does not run. The file `registry.yml` has to be written first.
END
