if ! docker run --rm -v notes:/notes busybox cat /notes/data.txt > /dev/null 2>&1; then
    echo "The volume notes has no file data.txt."
    exit 1
fi
echo "The volume notes outlives its containers."
