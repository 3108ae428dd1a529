# $1: seconds since the step began. $2: exit code of the last command. $3: the last command.
if [ -e ~/work ] && [ ! -d ~/work ]; then
    echo '`~/work` exists, and it is a file. Remove it first: `rm ~/work`.'
elif [ "$1" -lt 60 ]; then
    echo '`mkdir` makes a directory. Its name comes behind it, after a space.'
else
    echo 'Type `mkdir ~/work` and press Enter.'
fi
