if [ ! -f ~/practice/errors.txt ]; then
    echo "There is no ~/practice/errors.txt yet."
    exit 1
fi
if ! grep ' 500 ' ~/practice/access.log | cmp -s - ~/practice/errors.txt; then
    echo "errors.txt should have the $(grep -c ' 500 ' ~/practice/access.log) lines with 500; it has $(wc -l < ~/practice/errors.txt)."
    exit 1
fi
echo "All of them, and no other line."
