# Marks around each command: OSC 633 with a nonce. https://code.visualstudio.com/docs/terminal/shell-integration
#
# zsh reads this first, by ZDOTDIR; from here on it reads the files of its user, as it would have.
# The nonce comes on descriptor 3, so that it stands in no environment and on no command line.
if [[ -n ${SANDBOX_ZDOTDIR+x} ]]; then
    export ZDOTDIR=$SANDBOX_ZDOTDIR
    unset SANDBOX_ZDOTDIR
else
    unset ZDOTDIR
fi
{ IFS= read -r __sandbox_nonce <&3 } 2> /dev/null
exec 3<&-
[[ -z ${SANDBOX_NOTICE-} ]] || print -r -- "$SANDBOX_NOTICE"
unset SANDBOX_NOTICE

# The text of a mark: what would end it or part it is written as \xAB.
__sandbox_text() {
    emulate -L zsh
    REPLY=${1[1,2048]}
    REPLY=${REPLY//\\/\\\\}
    REPLY=${REPLY//;/\\x3b}
    REPLY=${REPLY//$'\n'/\\x0a}
    REPLY=${REPLY//$'\t'/\\x09}
    REPLY=${REPLY//[[:cntrl:]]/\\x7f}
}

# A line was entered and is about to run.
__sandbox_preexec() {
    emulate -L zsh
    local REPLY cut
    if [[ -n $1 ]]; then
        (( ${#1} <= 2048 )) || cut=';cut'
        __sandbox_text "$1"
        printf '\e]633;E;%s;%s%s\a' "$REPLY" "$__sandbox_nonce" "$cut"
    fi
    printf '\e]633;C;%s;%s\a' "$__sandbox_nonce" "${EPOCHREALTIME-}"
    __sandbox_ran=1
}

# A command is over, and the prompt as it is by now gets its marks.
__sandbox_precmd() {
    local __sandbox_status=$?
    emulate -L zsh
    local REPLY
    if [[ -n $__sandbox_ran ]]; then
        printf '\e]633;D;%s;%s;%s\a' "$__sandbox_status" "$__sandbox_nonce" "${EPOCHREALTIME-}"
        __sandbox_ran=
    fi
    # Others may set the prompt each time; this comes after them.
    if [[ ${precmd_functions[-1]} != __sandbox_precmd ]]; then
        precmd_functions=(${precmd_functions:#__sandbox_precmd} __sandbox_precmd)
    fi
    if [[ $PS1 != *$__sandbox_nonce* ]]; then
        PS1=$'%{\e]633;A;'$__sandbox_nonce$'\a%}'$PS1$'%{\e]633;B;'$__sandbox_nonce$'\a%}'
    fi
    typeset -g +x PS1 # a nonce in it is not for others, whoever exported it, as a venv's activate does
    __sandbox_text "$PWD"
    printf '\e]633;P;Cwd=%s;%s\a' "$REPLY" "$__sandbox_nonce"
}

if [[ -o interactive && ${#__sandbox_nonce} -ge 16 ]]; then
    zmodload zsh/datetime 2> /dev/null
    typeset -g __sandbox_ran=
    typeset +x PS1 # a nonce in it is not for others
    precmd_functions+=(__sandbox_precmd)
    preexec_functions+=(__sandbox_preexec)
else
    unset __sandbox_nonce
    unfunction __sandbox_text __sandbox_preexec __sandbox_precmd
fi

if [[ -r ${ZDOTDIR-$HOME}/.zshenv ]]; then
    . ${ZDOTDIR-$HOME}/.zshenv
fi
