cat <<'END'
Both files have to be written first: click the two blocks above the build.
END
