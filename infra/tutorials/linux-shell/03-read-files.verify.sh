if [ ! -f ~/work/errors.txt ]; then
    echo "There is no ~/work/errors.txt yet."
    exit 1
fi
if ! grep ' 500 ' ~/work/access.log | cmp -s - ~/work/errors.txt; then
    echo "errors.txt should have the $(grep -c ' 500 ' ~/work/access.log) lines with 500; it has $(wc -l < ~/work/errors.txt)."
    exit 1
fi
echo "All of them, and no other line."
