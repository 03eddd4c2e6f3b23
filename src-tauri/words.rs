//! The few words the shell says itself, in the tray and in notifications. The window has its own.

use slipway_core::settings::Settings;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    English,
    Japanese,
    Russian,
}

pub struct Words {
    pub open: &'static str,
    pub quit: &'static str,
    pub pause: &'static str,
    pub resume: &'static str,
    pub next: &'static str,
    pub nothing_planned: &'static str,
    pub sending: &'static str,
    pub paused: &'static str,
    pub published: &'static str,
    pub needs_you: &'static str,
    pub missed: &'static str,
    pub finish_there: &'static str,
    pub trouble: &'static str,
}

const ENGLISH: Words = Words {
    open: "Open Slipway",
    quit: "Quit",
    pause: "Pause all",
    resume: "Resume all",
    next: "Next",
    nothing_planned: "Nothing planned",
    sending: "Uploading",
    paused: "Everything is paused",
    published: "Published",
    needs_you: "Needs you",
    missed: "Missed its minute",
    finish_there: "Finish it there",
    trouble: "The queue can't be used: open Slipway",
};

const JAPANESE: Words = Words {
    open: "Slipway を開く",
    quit: "終了",
    pause: "すべて一時停止",
    resume: "すべて再開",
    next: "次",
    nothing_planned: "予定はありません",
    sending: "アップロード中",
    paused: "すべて一時停止中",
    published: "公開しました",
    needs_you: "対応が必要です",
    missed: "予定時刻を過ぎました",
    finish_there: "アプリで仕上げてください",
    trouble: "キューを使用できません。Slipway を開いてください",
};

const RUSSIAN: Words = Words {
    open: "Открыть Slipway",
    quit: "Выйти",
    pause: "Приостановить всё",
    resume: "Продолжить всё",
    next: "Далее",
    nothing_planned: "Ничего не запланировано",
    sending: "Загрузка",
    paused: "Всё приостановлено",
    published: "Опубликовано",
    needs_you: "Нужно ваше решение",
    missed: "Минута пропущена",
    finish_there: "Завершите публикацию там",
    trouble: "Очередь недоступна: откройте Slipway",
};

impl Language {
    pub fn of(settings: &Settings) -> Language {
        match settings.window.language.as_str() {
            "system" => Language::named(&system_language()),
            name => Language::named(name),
        }
    }

    fn named(name: &str) -> Language {
        match name.get(..2).map(str::to_lowercase).as_deref() {
            Some("ja") => Language::Japanese,
            Some("ru") => Language::Russian,
            _ => Language::English,
        }
    }

    pub fn words(self) -> &'static Words {
        match self {
            Language::English => &ENGLISH,
            Language::Japanese => &JAPANESE,
            Language::Russian => &RUSSIAN,
        }
    }
}

/// The system's language as BCP 47, such as `ja-JP`.
pub fn system_language() -> String {
    sys_locale::get_locale().filter(|name| name != "C" && name != "POSIX").unwrap_or_else(|| "en".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_taken_by_its_first_letters_and_english_otherwise() {
        let of = |name: &str| Language::named(name);
        assert_eq!(
            (of("ja-JP"), of("ru_RU"), of("RU")),
            (Language::Japanese, Language::Russian, Language::Russian)
        );
        assert_eq!((of("de-DE"), of(""), of("é")), (Language::English, Language::English, Language::English));
    }
}
