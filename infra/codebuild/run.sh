#!/usr/bin/env bash
# Runs one job inside CodeBuild as GitLab's runner runs it: before_script and script in one bash, after_script in another
# one that always runs and whose failure counts for nothing; both without standard input. What it prints is what the runner
# prints.
#
# Beside it stand script.sh and after_script.sh, work.tar with the files of the commit, variables (NAME=value, each ended
# by a zero byte) and retries (a number). These are data: no line of this script is made of them.
#
# It needs bash and tar in the job's image. Not here: the time limit, which is CodeBuild's.

set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
readonly FOLDER=$PWD
# Both sections of a log are known by these (gitlab-runner, common/build.go).
readonly CLEAR=$'\r\e[0K' CYAN=$'\e[36;1m' RED=$'\e[31;1m' GREEN=$'\e[32;1m' PLAIN=$'\e[0;m'

main() {
    local left code
    left=$(<retries)
    find_bash || fail 'its image has no bash' 1
    while true; do
        code=0
        attempt || code=$?
        if ((code == 0 || left == 0)); then break; fi
        left=$((left - 1))
        # What was printed up to here is of no interest any more: the log is read from the last such line on.
        echo '[Bellhop] tries again'
    done
    if ((code != 0)); then fail "exit code $code" "$code"; fi
    printf '%sJob succeeded%s\n' "$GREEN" "$PLAIN"
}

# With fresh files.
attempt() {
    local code=0 status=success
    rm -rf work && mkdir work && tar -xf work.tar -C work || fail 'its files could not be unpacked' 1
    section step_script 'Executing "step_script" stage of the job script' script.sh || code=$?
    if [[ -s after_script.sh ]]; then
        if ((code != 0)); then status=failed; fi
        section after_script 'Running after_script' after_script.sh "CI_JOB_STATUS=$status" || true
    fi
    return "$code"
}

section() {
    local name=$1 title=$2 code=0
    shift 2
    printf 'section_start:%s:%s%s%s%s%s\n' "$(date +%s)" "$name" "$CLEAR" "$CYAN" "$title" "$PLAIN"
    shell "$@" || code=$?
    printf 'section_end:%s:%s%s\n' "$(date +%s)" "$name" "$CLEAR"
    return "$code"
}

# In the image's own environment, but without what CodeBuild adds to it: its keys to AWS are none of the job's. Further
# variables may stand behind the script's name.
shell() (
    local name variable script=$FOLDER/$1 variables=()
    shift
    for name in $(compgen -e); do
        case $name in
            AWS_* | CODEBUILD_* | ECS_*) unset "$name" ;;
        esac
    done
    while IFS= read -r -d '' variable; do
        variables+=("$variable")
    done <variables
    cd work || exit 1
    exec env "${variables[@]}" "CI_PROJECT_DIR=$PWD" "$@" "$BASH_FOUND" --noprofile --norc "$script" </dev/null 2>&1
)

find_bash() {
    BASH_FOUND=$(command -v bash)
}

fail() {
    printf '%sERROR: Job failed: %s%s\n' "$RED" "$1" "$PLAIN"
    exit "$2"
}

main
