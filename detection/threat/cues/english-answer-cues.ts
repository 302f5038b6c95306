/** What speaks for an honest call, and how the other side takes it, in English; in the notation of english-story-cues. */
export const ENGLISH_ANSWER_CUES = `
not.protect
  @neg ~2 @give|share|tell|read|reveal ~3 @code|@pin|@cvv|@cardnum|@id|it ~3 to_anyone|anybody|anyone|with_anyone|with_us|on_the_phone
  @neg ~2 @give|share|reveal ~3 @code|@pin|@cvv|password
  @neg ~2 ask ~3 @code|@pin|@cvv|@cardnum|@id|password|details|payment|transfer
  @neg ~2 need ~3 @pin|@cvv|@cardnum|@id|any_details|card_number|anything_from
  keep ~2 @pin|@code ~1 safe|secret
  beware|be_careful|be_wary|watch_out ~3 scam*|fraud*|calls|callers
  dont_send_money_to_anyone|never_send_money|hang_up_and_call
not.urgent
  not|isnt|nothing|no|never ~1 urgent|rush|hurry|pressure
  no_rush|take_your_time|whenever_you|when_you_have_time|at_your_convenience|when_youre_ready|theres_no_hurry|plenty_of_time|no_need_to_rush
honest.callback
  @official
  call|ring|phone ~2 back ~3 card|website|statement|letter|convenient
  hang_up ~1 call
honest.noaction
  @noaction
honest.service
  @service
  call|line ~2 recorded|monitored ~2 quality|training
  how|what ~1 can|may ~1 i ~1 help|do|assist
honest.appointment
  @appointment
honest.letter
  @letter
  you ~1 receive|get|have ~1 @letter
honest.plan
  @plan
honest.optout
  @optout
  another|better|good|convenient|bad ~1 time ~1 call|talk
  have_a_good|have_a_nice|have_a_great|enjoy_your|thanks_for_your_time|thank_you_for_your_time|have_a_lovely|have_a_wonderful|sorry_to_bother|sorry_to_disturb
honest.survey
  @survey
honest.customer
  id_like|i_would_like|i_want|i_wanted|i_need|im_trying|im_calling|i_was_hoping|can_i|could_i ~2 check|about|order|book|cancel|change|return|find|ask|report|see|know|make|schedule|pay|open|update|renew|speak|buy|reserve|get
  i_have_a_question|i_was_wondering|im_having_trouble|i_ordered|i_lost_my|i_forgot|my_order|my_bill|my_reservation|my_booking|my_flight|i_got_a_letter|i_got_a_text
honest.help
  let_me_check|let_me_look|let_me_see|ill_check|i_can_see_that|ive_updated|ive_booked|is_there_anything_else|anything_else_i_can|happy_to_help|glad_to_help|all_set|youre_welcome|glad_i_could_help
  have_a_look|pull_up_your|bring_up_your|one_moment_please|bear_with_me|thank_you_for_waiting|thanks_for_waiting
honest.social
  how_are_the_kids|how_are_you_doing|how_have_you_been|how_is_everyone|hows_work|hows_the_family|happy_birthday|merry_christmas|long_time_no|catch_up|see_you_soon|see_you_then|talk_soon|talk_to_you_later|give_my_love|say_hi_to|miss_you|love_you
  lunch|dinner|coffee|breakfast|barbecue|beer|drinks|picnic|party|movie|game|wedding ~4 tomorrow|weekend|saturday|sunday|friday|tonight|together|us|you|we
  weather|holidays|garden|homework|school|grandkids|football|recipe|hiking|vacation|baby_shower
honest.reported
  @crook ~3 call|calls|calling|pretend*|claim*|saying|asking|telling|impersonat*
  he|she|they|someone|somebody|man|guy|woman|scammer|caller ~2 called|phoned|rang|texted|emailed ~2 me|us|my ~3 said|saying|claiming|and
  @report ~1 @reported ~1 me|us
  got|received|had ~2 call|text|voicemail|email ~3 from|saying|claiming ~4 said|saying|asked|claiming|@scamword|suspicious
  i|we|was|been|she|he|mother|father ~1 scammed|tricked|conned|defrauded|fell_for
  never|not ~1 us ~1 calling
  one_of_those_calls|those_scam_calls|a_scam_going_around|scams_going_around|trying_to_scam
other.suspicion
  @scamword
  how_do_i_know|how_can_i_be_sure|prove_it|is_this_real|is_this_legit|is_this_for_real|doesnt_sound_right|sounds_fishy|dont_believe_you|sounds_suspicious
  @neg ~1 @trust ~1 you|this|it|that|about
  ill_call|i_will_call|let_me_call|id_rather_call|going_to_call ~2 bank|police|son|daughter|them|myself
  why_do_you_need|why_would_you_need|why_would_i|why_cant_you
  verify|confirm|official|documentation|written|in_writing ~3 before|email|letter|independently|website|callback
other.refuse
  @neg ~1 comfortable|giving_you|sharing|going_to_give|want_to_give|doing_that|give_you|give_out
  i_refuse|leave_me_alone|stop_calling|im_hanging_up|im_going_to_hang|cant_do_that|against_policy|our_policy|company_policy|i_cant_share|cant_give_you|not_allowed_to|not_able_to_do|id_have_to_ask|i_really_cant|not_sure_i_should
other.fear
  @fear
other.unaware
  @neg ~1 make|order|recognize|recognise|authorize|buy|bought|ordered|made|upload*|sent ~3 @txn|that|anything|this|it|@parcel
  wasnt_me|not_me|i_didnt_do|havent_ordered|never_owed|i_dont_owe|already_paid|i_have_no_idea_what|never_heard_of|nobody_told_me|i_never_got
other.comply
  the_code_is|code_says|it_says|my_pin_is|password_is|the_numbers_are|just_got_it|i_got_the_code|it_just_came
  im_at_the_store|ive_got_the_cards|i_bought_them|i_scratched|its_installed|its_downloading|ive_opened_it|i_clicked|i_pressed|i_transferred_it
  what_do_i_do_next|what_do_i_press|what_next|where_do_i_send|which_store|let_me_get_my_card|let_me_get_my_purse|get_my_glasses|fetch_my_bag|open_the_app|let_me_open
  what_do_i_have_to_do|what_should_i_do|what_do_you_need_from_me|what_can_we_do|what_do_you_want_me
digits.read
`;
