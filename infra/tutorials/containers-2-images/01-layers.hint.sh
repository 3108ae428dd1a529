cat <<'END'
`A` stands for added, `C` for changed, `D` for deleted. The container has to be named `one`.
END
