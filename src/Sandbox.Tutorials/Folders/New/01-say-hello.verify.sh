# Passes if it exits with 0; the first line it prints is shown to the visitor.
if ! grep -q Hello ~/greeting 2> /dev/null; then
    echo "There is no greeting in ~/greeting yet."
    exit 1
fi
