/**
 * The same cues and some more, in plain talk: what is said where nobody speaks like an office. In English; in the notation of
 * english-story-cues.
 */
export const ENGLISH_PLAIN_CUES = `
pressure.urgency
  lapses|lapse|void|voided|cancelled|cancels|prescribes|released|reassigned ~3 tonight|today|midnight|friday|monday|noon|tomorrow|close
  by ~1 noon|lunch|lunchtime|three|four|five|close_of_play|end_of_day|teatime ~3 latest|please|or|otherwise|sharp
  back_in_there_in|walking_into_a_meeting|i_board_in|before_i_get_to_you|before_my_break|my_train_leaves|im_at_the_lights|ninety_more|another_ninety|forty_more
  window|door|gate|counter|offer|list|market|slot|session|hold|pot|fund|deal|books ~2 shuts|shut|closes|closing|ends|expires|runs_out|goes
  only_tonight|its_tonight|this_one_night|just_today|only_till|only_until|by_the_end_of_today|before_the_day_is_out|by_close_of_business|end_of_play|before_i_finish|before_the_shift_ends|before_i_clock_off
  nows_the_time|now_or_never|its_now|while_im_on|while_i_have_you|while_youre_on|as_we_talk|as_i_speak|as_were_speaking|this_very_moment|any_second|any_minute|by_the_second|every_hour|each_minute|clock_is_ticking|clocks_ticking|counting_down|timer|countdown
  be|got_to_be|have_to_be ~2 quick|snappy|fast|sharp|swift
  hurry|chop_chop|quick_sharp|pronto|rush_this|get_a_move_on|dont_dawdle|dont_dither|if_you_dither|no_time_for_questions|no_time_to_explain|havent_got_time|havent_got_long|not_got_long|ive_not_got_long|we_havent_long
  itll|itd|it|that|theyll|theyd|they ~2 complete|completes|go_out|goes_out|leave|leaves|clear|clears|post|gone|processed|shipped_back|sent_back|go_back|goes_back|released ~4 minutes|minute|hour|hours|tonight|today|seconds|midnight|morning
  return|returns|send|shipped|ships|goes|going|taken|take ~2 back ~3 tonight|today|depot|warehouse|sender|abroad
  most_people_miss|people_miss_it|you_miss_it|missing_out|you_will_miss_out|youll_miss|miss_the_boat|miss_the_cutoff|past_the_cutoff|cutoff|cut_off_time|too_late_after
  after ~2 six|five|four|noon|today|tonight|that|midnight ~4 nothing|cant|cannot|gone|late|lost|closed
  i_need_a_yes|need_a_yes|yes_or_no|i_need_to_know_in|i_have_to_know|id_need_to_know|decide_while|an_answer_now|sign_off_today
pressure.scarcity
  others ~2 list|line|waiting|queue|wanting|after_it|asking
  next ~1 person|caller|customer|family|buyer|name ~3 if|gets|got_to|have_to|otherwise
  give_it_to_the_next|offer_it_to_the_next|let_it_go_to|goes_to_somebody_else|not_much_left|isnt_much_left|not_much_in_the_pot|nearly_all_gone|almost_gone|filling_up|handful_left|only_a_few|three_others|six_others|four_others|two_others
  everybody_else|everyone_else ~4 got|had|claimed|paid|theirs|in|topped
  only|last ~2 you ~3 holding|left|missing|remaining|waiting
  reserve ~3 spot|place|cabin|name|unit|it_for_you
pressure.threat
  count_to_ten|i_count_to
  well_know|we_will_know|its_double|it_doubles|twice_as_much ~6 police|first|get_it|call|tell|pay
  no_lights|no_heating|off_tonight|wont_start_tomorrow|insurance_is_void|cover_is_void|prepay|take_the_car|take_the_van
  your ~1 kids|girls|daughter|son|neighbours|customers ~3 see|know|school|walk|sensible|find_out
  storage ~1 charge|fee|cost
  charge|charges|interest|penalty|fine|fee ~3 every ~1 hour|day|minute
  three_days_to|days_to_switch|weeks_to_reconnect|days_without|sit_in_the_dark|in_the_dark_tonight|without_power|without_heat
  loses_the_bed|lose_the_bed|lose_the_house|lose_your_home|lose_the_place|lose_the_deposit|lose_the_deal|lose_the_slot|lose_it_all|for_good|gone_forever|cant_get_it_back|cannot_get_it_back|never_see_it_again|no_way_back
  off|struck|taken|crossed ~1 the_list|the_register|the_books
  come|coming|round ~3 your_door|your_house|your_work|with_a_van|for_your_things|for_the_car
  wont_be_pretty|wont_be_so_nice|wont_ask_again|wont_warn_you|not_going_to_like|you_wouldnt_want|wouldnt_want_that|be_a_shame_if|shame_if
  on_your_record|on_your_file|on_your_credit|credit_score|credit_rating|blacklist|black_mark|flagged_at_the_border|at_the_airport
pressure.secrecy
  text_dont_ring|text_not_ring|message_me_dont|dont_say_a_word|not_a_soul|the_others_mustnt|dont_let_the_others|keep_it_off|family_matter|not_on_the_system
  close_the_door|shut_the_door|step_outside|go_somewhere_quiet|somewhere_private|out_of_earshot|are_you_on_your_own|you_on_your_own|anybody_listening|is_anyone_there_with_you|can_you_talk_freely|take_me_off_speaker|off_speaker
  you_can_be_discreet|be_discreet|discretion|hush_hush|under_your_hat|keep_this_close|keep_this_tight|need_to_know_basis|not_common_knowledge|off_the_books|off_the_record
  between ~1 us|you|ourselves ~3 lord|now|please|moment|only|and_me
  dont|do_not|not ~2 worry|bother|upset|alarm|involve|wake|tell ~2 mother|mum|mom|dad|father|wife|husband|family|them|children|grandma|grandad|parents
  dont|not ~2 discuss|share|breathe|bring|post ~4 @anyone|them|branch|office|desk|internet
  be_jealous|people_get_jealous|people_talk|walls_have_ears|lot_of_thieves|itd_spoil|it_would_spoil|spoil_the_surprise|ruin_the_surprise|tip_them_off|tip_him_off|tipping_off|jeopardise|jeopardize|compromise_the_investigation|if_word_gets_out
pressure.no-check
  bank|banks|branch|staff|resort|platform|office|they ~3 hate|wont_like|wouldnt_like|jealous|dont_understand|know_nothing|block_it|would_block|only_block|slow_it|hold_you_up
  theyll|they_will|itll|it_will|app|screen|phone|message|warning|bank ~3 tell_you|say|says|warn|warns ~3 con|fraud|scam|anyone|ignore
  ignore|skip|dismiss|press_continue|continue_past|click_past|swipe_away|disregard ~3 warning|warnings|message|alert|pop|screen|banner
  warning|message|text|that ~2 automated|automatic|generic|standard|says_that_to_everyone|just_a_template
  dont|not|no ~2 bother|point|need ~2 ringing|calling|resort|branch|manager|bank|them|asking|letter|checking|looking
  shop|expert|technician|friend|son ~2 would_only|only_make|just_make ~2 worse
  lines_are_busy|lines_are_jammed|you_wont_get_through|theyre_shut|its_shut_now|switchboard_is_closed|i_cant_take_calls|cant_be_called_back|cant_take_incoming|outgoing_only|i_wont_be_on_this_number|rings_out|dont_ring_me|dont_call_back|dont_ring_back|rather_than_ring|no_incoming
pressure.proof
  check|look|see|compare ~2 number|screen|display|phone ~4 back|card|same|website|online|calling
  number ~2 on_your_screen|on_your_phone|on_your_display|youre_seeing|you_see_there ~4 card|bank|official|ours|same
  google|look_up|look_me_up|search ~2 me|my_name|my_number|number|company|us ~3 see|find|there|check
  so_you_know|thats_how_you_know|proves ~3 genuine|real|safe|me|us|legitimate|legit
  im_genuine|im_legit|im_legitimate|i_am_genuine|im_the_real|not_a_scam|isnt_a_scam|no_scam|not_one_of_those|not_a_scammer|im_not_selling|i_can_read_you|ill_read_you_my|take_down_my|write_down_my|take_my_badge|heres_my_badge|my_staff_number|my_id_number|my_collar_number|my_employee_number|my_reference_is
  i_have_your|ive_your|i_know_your|i_can_see_your|your ~3 address|postcode|birthday|last_four|date_of_birth ~4 is|right|correct|yes|matches
  well_done|good_girl|good_man|good_lad|very_wise|quite_right_to_ask|right_to_be_careful|right_to_check|glad_you_asked|always_check
pressure.flatter
  you_people_are_always|youre_so_quick|you_are_so_kind|youve_been_so|youre_an_angel|youre_a_star|you_asked_first|caught_my_eye|took_to_you|liked_you_best
  picked|chose|chosen|selected|handpicked|recommended ~2 you ~4 because|honest|trust|discreet|courage|special|sensible
  you_seem|you_sound|you_strike_me|i_could_tell|i_can_tell ~3 nice|sensible|honest|clever|smart|educated|kind|genuine|good|intelligent|decent
  smart_questions|good_questions|clever_man|clever_woman|one_of_our_best|i_thought_of_you|thought_of_you_first|came_to_you_first|my_favourite|my_favorite|youre_the_only|only_you_can|nobody_but_you|no_one_but_you|i_trust_you|ive_told_nobody
pressure.sympathy
  my_last_day|first_day_here|i_cried|she_cried|on_my_own|all_alone|since_he_died|since_she_died|widow|widower|funeral
  my_boss|the_boss|my_manager|gaffer|they|depot ~2 docks|dock|fines|fine|sack|fire|kill|shout|charge|have_my_head ~1 me|job|wages
  my_job|my_neck|my_head|my_wages|my_pay ~2 line|stake|block|gone|short|frozen|locked|stopped
  id|i|ill ~1 get|be|lose ~2 trouble|sacked|fired|my_job|in_bother
  be_kind|be_an_angel|have_mercy|god_bless|god_will_repay|bless_you|the_lord|for_the_love|just_once|this_one_time|i_wouldnt_ask|wouldnt_ask_if|i_hate_to_ask|hate_asking|embarrassed|ashamed|mortified|on_my_knees
  mother|wife|baby|kids|children|child|daughter|son|she|he ~2 hungry|freezing|crying|waiting|in_pain|very_poorly|not_eaten|wont_last|might_not
  thought_you|i_thought ~2 cared|loved|friend|trusted|would_help
pressure.insist
  nothing_to_worry|dont_worry_about|dont_you_worry|no_harm|wont_cost_you|you_wont_lose|not_lose_a_penny|not_a_penny|safe_with_me|youre_safe|safe_hands|in_good_hands|stay_with_me_now
  everybody_does|everyone_does|people_do_it|happens_all_the_time|perfectly_normal|completely_normal|just_routine|purely_routine|its_routine|normal_procedure|standard_procedure|just_procedure|just_a_security
  comes|come|get|have ~1 it|that|everything|them ~1 back ~3 tomorrow|monday|friday|wages|refund|hour|minutes|straight|today|week
  ill|i_will|let_me|we|well ~2 walk|guide|talk|take ~1 you ~2 through|step
  what_are_you_waiting|make_up_your_mind|do_you_or_dont_you|are_you_refusing|are_you_calling_me|dont_you_want_it|do_you_want_it_or_not
  the_only_risk|only_risk_is|biggest_mistake|youll_kick_yourself|kick_yourself|regret_it|everyones_in|folk_are_quitting|quit_their_jobs
pressure.coach
  just_say|say_youre|say_its|say_you_are|tell_them_its|tell_them_youre|if_they_ask|when_they_ask|choose|pick|select ~4 furniture|car|kitchen|holiday|family|friends|building|boat|wedding|gift|son|personal|loan|house
  choose|pick|select|mark|put ~2 friends_and_family|family_and_friends|family|other_reason|gift
pressure.stay
  leave ~2 line|phone|mobile|me|call ~2 open|on|running|pocket|bag
  keep|carry ~2 phone|me|mobile|handset ~3 pocket|ear|bag|hand|speaker
  dont|not|never ~1 put ~2 phone|me ~1 down|aside
  if|while|block|case ~3 hang_up|put_the_phone_down|drops|line_drops|cut_out ~4 lose|drop|drops|start|gone|start_again|back
pressure.intimidate
  director|manager|boss|head ~2 aware|knows|okayed|fine_with|signed_off|said_yes
  do_you_want_that_on|who_does_it_hurt|wheres_the_harm|whats_the_harm|what_harm|off_my_desk|be_the_hero|rules_are_rules_but|bend_the_rule|bend_the_rules
  thats_with_you|thats_on_you|on_your_head|on_your_conscience|its_your_name|your_name_on_it|your_fault_if|youll_answer_for|you_will_answer|i_know_your_manager|i_know_the_owner|friend_of_the_owner|ill_be_speaking_to|whats_your_surname|full_name_please_and|ive_written_down
  your_colleague|the_other_girl|the_last_one|your_mate|the_lady_before|somebody_there ~3 did|done|let|told|said|managed|no_bother|no_problem
  line|order|shop|factory|production|delivery|deal|project ~3 standing_still|stand_still|stopped|collapse|collapses|fall_through|falls_through|be_late|held_up
  stop_being|youre_being ~1 silly|difficult|slow|stupid|awkward|childish
pressure.fee-first
  pay|paid|cover|front|sort ~3 yourself|you_first|first|before ~3 back|refund|reimbursed|wages|release|starts
  yours_to_pay|you_pay_first|up_front|upfront|goes_towards|comes_off|off_the_first|out_of_your_first|you_get_it_in|in_your_first_wages|added_to_your_first|refunded_with|reimbursed
  licence_fee|license_fee|starter_kit|training_kit|equipment|uniform|background_check|medical_check|holding_deposit|security_deposit|reservation_fee|admin_charge|paperwork_fee|notary ~4 pay|first|cost|costs|need|before|yours|small
  short|missing|outstanding|owing|underpaid ~3 few|two|three|four|tiny|small|couple|postage|duty|weight
pretext.fraud-alert
  emptying|draining|clearing_out|cleaning_out|leaving|moving|going_out|walking_out|flying_out ~3 account|savings|money|balance|card
  @money|amount|payment|transfer ~3 leave|leaving|left|trying_to_leave|on_its_way_out|about_to_leave|queued|sitting|waiting|held|lined_up ~3 account|your|minutes|approval
  payee|payees|standing_order|standing_orders|direct_debit|mandate|device|card ~3 added|set_up|there|requested|recognise|recognize|linked|put
  was_that_yours|was_it_yours|is_that_yours|was_that_yourself|was_it_yourself|that_wasnt_you|it_isnt_you|and_it_isnt_you|that_isnt_you|i_thought_not|thought_as_much|didnt_think_so
  replacement|duplicate|second|cloned|spare ~1 card|sim
  logged|logging|log|signed|sitting ~2 in|into|inside ~3 your|account|somewhere|abroad|another
  put|placed|got ~2 hold|stop|block|flag ~3 account|card|payment|because|details|on_it
  someone|somebody|teller|cashier|insider|clerk|employee ~3 copying|stealing|selling|copied|helping_themselves|inside_the_bank|bad_apple
pretext.account-problem
  details|name|names|records|photo|number ~2 not_matching|dont_match|doesnt_match|didnt_match|mismatch|wrong
  locked|frozen|paused|stopped|held|blocked|on_hold ~3 till|until ~3 verif*|confirm*|check*|sort*|pay|clear*
  earnings|wages|salary|payout|pension|benefit|benefits|payment|payments ~3 locked|held|stopped|frozen|paused|on_hold|stuck|bounced|pending
  didnt_go_through|hasnt_gone_through|wont_go_through|bounced_back|came_back_unpaid|been_rejected|failed_twice
pretext.wrong-code
  put|gave|typed|entered|used ~3 your ~1 number ~4 mistake|accident|instead|silly|thumb
  sent|went|come|gone|sending ~3 code|number|numbers|it ~2 to_you|to_your_phone|your_phone|your_mobile|yours
  my ~1 code|pin|login ~3 to_you|your_phone|your_mobile|by_mistake
  voted|vote|group|chat|group_chat|class_chat|parents_group ~5 code|number|link|text
pretext.windfall
  six|two|three|four|five|seven|eight|nine|hundred|fifty|grand|thousand|money|credit|balance ~2 back|in_your_favour|in_your_favor|owed_to_you|due_to_you|sitting_there|with_your_name|waiting_for_you
  unclaimed|overpaid|wrong_band|paid_too_much|been_overpaying|overpaying|havent_had_yours|hasnt_been_claimed|never_claimed|left_you|left_to_you|beneficiary|estate|distant_relative|next_of_kin|will_and_testament|settlement|payout_due|dormant
  scheme|grant|relief|allowance|discount|rebate|bonus ~3 pensioners|seniors|households|homeowners|over_sixty|your_area|your_street|qualify|havent_had|applied|claim
  caller_of_the_day|lucky_number|lucky_caller|your_name_came|your_number_came|name_was_drawn|name_came_up|you_were_drawn|answered_our_survey|filled_in_our|entered_by|your_loyalty|nearly_all_paid|all_but_paid|on_the_house
pretext.job
  your ~1 cv|resume|application|profile ~3 came_up|came|impressed|stood|recommended|caught|selected|liked
  hiring_manager|talent_team|from_talent|recruitment_team|remote_job|online_job|work_online|side_job|extra_income|part_time_work|data_entry|mystery_shopp*|secret_shopp*|first_assignment|your_assignment|first_task|next_task|task_set|set_of_tasks|bundle_order|merge_order|combination_order|optimise_products|optimize_products|rate_products|like_videos|reshipping|parcels_at_home|process_payments
  you_got_the_job|youre_hired|welcome_aboard|welcome_to_the_team|youve_got_the_job|job_is_yours|position_is_yours|start_monday|no_interview
  recharge|top_up|topped_up|topping_up|negative_balance|in_minus|puts_you_in_minus|unlock_the_commission|withdraw_your_earnings|take_it_all_out
  paid_in_a_cheque|paid_in_a_check|cheque_this_morning|deposit_the_cheque|deposit_the_check|sent_you_a_cheque|mailed_you_a_check|shows_as_pending
pretext.rental
  bad_tenants|honest_people|keys_by_post|keys_by_courier|code_for_the_door|lockbox|viewing_fee|before_the_viewing|without_viewing|im_abroad|i_am_abroad|im_overseas|working_abroad|my_late_mother|missionary
  flat|apartment|cottage|room|villa|house|timeshare|caravan ~4 deposit|reserve|hold_it|others|interested|in_escrow|buyer_waiting|cash_buyer
pretext.sale
  your ~2 listing|advert|ad|sofa|bike|pram|car|phone|table|console ~4 buyer|buy|interested|collect|courier|paid|selling
  im_buying|im_the_buyer|i_am_the_buyer|buyer_of|selling_the|youre_selling|you_are_selling|still_for_sale|is_it_still_available|my_courier|my_shipper|my_mover|pickup_agent|payment_is_pending|upgrade_your_account|business_account|seller_protection|to_receive_the_money|to_receive_the_payment
pretext.new-account
  our|the|my|we|weve ~2 bank|account|details ~3 audited|audit|changed|changing|moved|closed|different|new|switched|updated
  old_account|previous_account|usual_account ~3 closed|frozen|audit|dont|no_longer|anymore
  changed|switched|moved|updated|new ~2 bank|banks|bank_details|account_details|payment_details|account_number
  outstanding_invoice|invoice_due|unpaid_invoice|supplier|headed_paper|letterhead|accounts_payable|accounts_department
pretext.voice
  voice ~3 hoarse|strange|different|funny|bad|gone|cold|odd
  ive_a_cold|i_have_a_cold|sore_throat|bad_line|line_is_bad|broken_nose|been_crying|hit_my_face|stitches
  new_number|different_number|this_is_my_number|changed_my_number|mates_phone|friends_phone|borrowed_this|borrowing_a_phone|phone_smashed|phones_smashed|phones_dead|dropped_in|fell_in_the|screen_smashed|cracked_my
pretext.bill-due
  rent|bill|landlord|deposit|invoice|payment|instalment|tuition|fees ~2 due|today|by_two|by_noon|by_five|tonight|in_an_hour|on_my_back
  landlord|agent|school|garage|clinic|hospital|vet ~3 insufferable|screaming|waiting|wont_wait|wants|demands|needs|threatening ~2 money|paid|payment|cash|now|today
pretext.mishap
  operation|surgery|hospital|clinic|doctor|ward|pharmacy ~4 before_they|wont_start|wont_operate|need_paying|fund|short|bed|deposit|moved|paid
  every_minute|brain|swelling|bleeding|critical|unconscious|wont_make_it|fighting_for|asking_for_you|keeps_asking
  stuck|stranded|held|kept ~3 airport|border|station|hotel|customs|abroad|port|sea|rig|ship
pretext.parcel
  driver|van|courier|depot|hub|warehouse|postman|rider ~4 parcel|package|gate|door|nobody|you_werent|werent_in|unpaid|sign|leave_it|back_to
  parcel|package|delivery|box|it ~3 wrong_weight|over_weight|overweight|underpaid|not_paid|sitting|stuck|turned_back|held_at|waiting_at|at_the_hub|at_the_depot|in_the_warehouse|on_the_van|from_abroad
  you_werent_in|you_were_out|nobody_came|nobody_answered|missed_you|couldnt_find|wont_let_me_leave|machine_wont|scanner_wont|needs_you_to|needs_a_code|second_run|redelivery|second_attempt
pretext.virus
  @computer|screen|machine|account|mailbox|server|line ~3 slow|frozen|popping|strange|flagged|sending_out|leaking|trojan|wide_open
  trojan|on_the_server|from_here|on_my_side|in_our_system|on_our_radar|your_address ~4 see|showing|flag|infected|them|hackers
  theyre|they_are|somebodys|someone_is ~2 in|inside|watching|reading|at ~3 your ~2 computer|machine|camera|bank|files|emails|details
  antivirus|security_package|protection|support_plan ~4 discontinued|refund|expired|ran_out|cancelled|bought|renewed|charged
pretext.invest
  coins|coin|token|stake|signals|copy_trading|robot|algorithm|bot|pool|fund|bonds|gold ~4 month|week|doubl*|guaranteed|percent|profit|withdraw|grown|growing|up
  per_cent|percent|eleven|twelve|fifteen|twenty|thirty ~2 a_month|a_week|per_month|per_week|each_month|every_month|monthly|weekly
  capital ~2 protected|guaranteed|safe|secured|backed
  months_pay|month_pay|while_i_slept|in_my_sleep|quit_my_job|inside_tip|insider_tip|hot_tip|before_it_lists|before_listing|before_it_goes_public
  made_me|has_made|made_more|next_move|advert|famous|celebrity|off_the_telly|from_the_telly|on_the_telly ~6 money|coin|invest*|trade|trading|bank*|profit|price|buy|put_in|deposit
claim.courier
  im_the|i_am_the|its_the|your|its_your|this_is_the ~1 driver|courier|delivery_man|rider|postman|postie
  delivery|parcel|express|freight|depot|dispatch|courier ~1 depot|desk|office|centre|center|service|dispatch|here|company
claim.desk
  its|from|im|here ~2 auditors|audit|insurers|surveyors|inspectors|returns|reviews|sanctions|grants|pensions|rates ~2 centre|center|office|team|again|here|department
  @iam|from|with|at|its|through_to ~2 night|card|cards|payments|payment|fraud|protection|security|recovery|refunds|disputes|claims|valuation|collections|revenue|rewards|customer_care|billing|dispatch|risk|verification|compliance|tickets|licensing ~1 desk|department|team|unit|office|section|line|division|people|side|hub|centre|center
  refunds|claims|payments|recoveries|collections|billing|licensing|compliance ~2 here|calling|speaking|department
  seconded|investigator|internal_affairs|investigations|special_investigations|enforcement_team|field_officer|case_handler|case_officer|case_manager|duty_manager
  scheme|programme|program|foundation|council|commission|registry|authority ~2 calling|here|ringing|speaking|office|team|denise
claim.clergy
  @iam|its|your ~2 pastor|priest|vicar|father|reverend|imam|rabbi|minister|bishop
claim.boss
  upstairs|from_upstairs|from_the_top_floor|chairman|the_board|managing_director|finance_director|im_in_a_taxi|in_a_meeting|boarding_now|at_the_airport|in_the_boardroom
claim.partner
  accountant|solicitor|pension_provider|supplier|auditor|broker|insurer|your_vendor|payroll_provider|regulator|surveyor ~3 @iam|here|calling|of|from|for|client|patients
claim.spouse
  @iam|its|for|on_behalf ~2 husband|wife|spouse|partner|carer|son|daughter|mother|father|sister|brother ~5 account|password|file|details|get_into|her|his
  in_a_coma|on_a_plane|in_hospital|cant_speak|lost_her_voice|lost_his_voice ~6 account|get_into|password|need
other.comply
  glasses|pen|pencil|handbag|purse|reading_glasses ~3 get|fetch|wait|find|moment|minute|second|got|on
  im_writing|writing_it_down|hold_on_a_sec|let_me_find|let_me_fetch|ill_fetch|ill_get_it|got_it_here|its_in_front|ive_opened|its_open_now|im_in_the_app|im_at_the_bank|im_in_the_car|on_my_way
other.suspicion
  message|text|bank|bill|notice|it|that ~2 says|said|warns ~2 @neg
  can_i|could_i|may_i|let_me|shall_i|ill|id_rather ~2 ring|call|phone ~2 back|switchboard|branch|bank|son|daughter|head_office
  not_even_bank|told_us_never|told_never|am_i_supposed|is_that_allowed|that_sounds_odd|thats_odd|a_bit_odd|bit_strange|seems_strange|dont_like_this|dont_like_that|dont_like_the_sound|smells|fishy
  why|how ~2 do_you|would_you|cant_you|did_you|come ~3 need|know|have|get|want
  ask|talk_to|speak_to|check_with ~2 my ~1 son|daughter|husband|wife|bank|manager|boss|supervisor|neighbour|brother
other.fear
  shaking|trembling|my_heart|heart_is|hearts_going|frightened|frightening|worried|worrying|panic|dreadful|terrible|awful|oh_lord|dear_lord|heavens|blimey|oh_dear_me|i_cant_breathe|please_dont|what_will_happen|what_happens_now|am_i_in_trouble|is_he_alright|is_she_alright|is_he_all_right|is_she_all_right|is_he_hurt
other.unaware
  never_ordered|never_entered|never_bought|didnt_enter|didnt_order|didnt_apply|never_applied|i_dont_own|dont_have_one|havent_got_one|i_never_made|not_that_i_know|not_that_i_remember|news_to_me|first_ive_heard|didnt_know|i_didnt_know|never_knew
  which_account|which_card|what_payment|what_order|what_parcel|what_parcels|what_fine|what_debt|what_accident|what_code|what_warrant|what_tax|for_what|what_for
honest.free
  no|without|not_any|isnt_any ~1 charge|cost|fee|fees|deposit
  costs_nothing|nothing_to_pay|nothing_ahead|pay_after|pay_afterwards|pay_at_the_desk|pay_when|pay_on_the_day|pay_at_the_counter|settle_up_after|settle_up_when|we_dont_sell|not_selling|we_dont_take_payment|dont_take_payments|nothing_owed|nothing_outstanding|all_paid|its_paid|fully_paid|already_paid_for|wont_cost_anything
honest.choice
  no|dont|not|neednt ~2 need|have_to|decide|sign|rush|answer ~3 now|today|yet|decide|straight
  think_it_over|think_about_it|sleep_on_it|have_a_think|talk_it_over|ask_your_family|bring_someone|discuss_it_with|with_your_wife|with_your_husband|get_a_second|other_quotes|compare|shop_around|cooling_off|change_your_mind|cancel_any_time|cancel_anytime|up_to_yourself|entirely_up_to_you|if_you_like|if_you_want_to|only_if_you|if_it_suits|suit_you|when_suits|does_that_suit|would_that_suit|which_suits
honest.byself
  type|enter|put|key ~2 it|that|code|yourself ~3 yourself|in_the_app|on_the_site|on_your_own|not_to_me
  dont|not|never|no ~1 read|tell|give|say|share ~3 to_me|me|us|out|it_to_me|over_the_phone|on_the_phone
  keep ~1 it|that|those|them ~2 yourself|to_yourself|private ~3 code|pin|number|numbers|password|even
  ring|call|phone|contact|check ~3 number ~3 card|letter|website|bill|statement|book|yourself
  with_your_own|in_your_own_app|log_in_yourself|at_your_branch|come_in|pop_in|drop_in|call_in ~4 branch|counter|desk|office|station|shop|surgery|yourself|see_us|any_time
honest.reason
  you_asked_us|you_rang_us|you_called_us|you_reported|you_booked|you_ordered|you_left_a_message|you_emailed|as_you_requested|as_agreed|as_promised|like_you_asked|returning_your_call|ringing_you_back|calling_you_back|getting_back_to_you|following_up_on|your_appointment|your_booking|your_table|your_order_is_ready|ready_to_collect|ready_for_collection|ready_to_pick_up|your_repeat_prescription|your_glasses_are|the_part_has_come|your_car_is_ready
  cancellation|confirming|confirm_your|reminder ~3 appointment|booking|slot|table|visit|tuesday|wednesday|thursday|friday|monday
honest.chat
  how_are_you_keeping|how_are_things|hows_things|hows_your|how_was_your|how_did_it_go|what_are_you_up_to|fancy_a|pop_round|come_over|come_round|pick_you_up|ill_bring|shall_i_bring|bring_anything|what_time_shall|what_time_suits|see_you_at|see_you_on|see_you_tomorrow|see_you_then|save_me|running_late|stuck_in_traffic|on_my_way_home|need_milk|put_the_kettle|whats_for_tea|whats_for_dinner|kids_are|the_kids|the_dog|the_cat|wrong_number|sorry_wrong_number
pretext.extort
  your_face|whole_call|all_your_followers|four_hundred_people|screenshots|screen_recording ~5 list|here|got|saved|send|everyone
  found_your_door_open|had_a_look_around|had_a_look_round|everythings_called|your_files_are|we_have_your_data|we_do_reputations|bad_reviews|take_them_down
  pay|paid|tax|subscription ~3 protection|street|block|corner ~4 you|month|week
request.data
  what_time|which|when ~3 set_the_alarm|alarm|finish|come_out|gate|shift|open_up|lock_up|home_alone|collected
  who|whos ~2 codes|keys|key_holder|keyholder|in_charge_of
`;
