mkdir -p ~/work
printf 'Hello, Ada\nWelcome to the shell.\n' > ~/work/greeting.txt
cp ~/work/greeting.txt ~/work/copy.txt
